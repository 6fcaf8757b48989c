// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QFrame>

class QLabel;
class QToolButton;

namespace app {

/// How this window works: where the data stays, which model answers, who is signed in, whether
/// the audit is on. Always visible while somebody is signed in.
class ModeStrip : public QFrame {
    Q_OBJECT

public:
    explicit ModeStrip(QWidget* parent = nullptr);
    void show(const SessionInfo& session);
    void setModel(const ModelInfo& model);
    void setAudit(WitnessVerdict verdict);

Q_SIGNALS:
    void lockWanted();
    void signOutWanted();
    void keysWanted();

private:
    QLabel* m_where;
    QLabel* m_model;
    QLabel* m_user;
    QLabel* m_audit;
    QLabel* m_synthetic;
};

} // namespace app
