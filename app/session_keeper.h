// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QObject>
#include <QTimer>

namespace app {

class Backend;

/// Keeps a session alive and ends it in time: heartbeats that say whether somebody typed, the idle
/// lock, and the search for a service that went away.
class SessionKeeper : public QObject {
    Q_OBJECT

public:
    explicit SessionKeeper(Backend& backend, QObject* parent = nullptr);

    void begin(const SessionInfo& session);
    void end();
    [[nodiscard]] bool active() const { return m_beat.isActive(); }

Q_SIGNALS:
    void idle(); ///< Nobody touched keyboard or mouse for the lease's idle time.
    void gone(); ///< The service stopped answering; it is looked for from now on.
    void back(); ///< It answers again.

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void lose();

    Backend& m_backend;
    QTimer m_beat, m_idle, m_search;
    bool m_input = false; // since the last heartbeat
};

} // namespace app
