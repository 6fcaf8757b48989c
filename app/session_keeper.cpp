// SPDX-License-Identifier: Apache-2.0
#include "app/session_keeper.h"

#include "app/backend.h"

#include <QCoreApplication>
#include <QEvent>

#include <chrono>

namespace app {

namespace {
constexpr std::chrono::seconds kSearchAgain{2};
}

SessionKeeper::SessionKeeper(Backend& backend, QObject* parent)
    : QObject(parent)
    , m_backend(backend)
{
    m_idle.setSingleShot(true);
    m_search.setInterval(kSearchAgain);
    connect(&m_beat, &QTimer::timeout, this, [this] {
        m_backend.beat(m_input);
        m_input = false;
    });
    connect(&m_idle, &QTimer::timeout, this, &SessionKeeper::idle);
    connect(&m_search, &QTimer::timeout, this, [this] { m_backend.findService(); });
    connect(&backend, &Backend::unreachable, this, &SessionKeeper::lose);
    connect(&backend, &Backend::serviceFound, this, [this] {
        if (!m_search.isActive())
            return;
        m_search.stop();
        Q_EMIT back();
        if (active())
            m_backend.beat(false); // tells whether the session is still there
    });
    QCoreApplication::instance()->installEventFilter(this);
}

void SessionKeeper::begin(const SessionInfo& session)
{
    m_beat.start(std::chrono::seconds(qMax(1, session.heartbeatSeconds)));
    m_idle.start(std::chrono::seconds(qMax(1, session.idleSeconds)));
    m_input = false;
}

void SessionKeeper::end()
{
    m_beat.stop();
    m_idle.stop();
}

void SessionKeeper::lose()
{
    if (m_search.isActive())
        return;
    m_search.start();
    Q_EMIT gone();
}

bool SessionKeeper::eventFilter(QObject* watched, QEvent* event)
{
    switch (event->type()) {
    case QEvent::KeyPress:
    case QEvent::MouseButtonPress:
    case QEvent::MouseMove:
    case QEvent::Wheel:
    case QEvent::TouchBegin:
        m_input = true;
        if (m_idle.isActive())
            m_idle.start();
        break;
    default:
        break;
    }
    return QObject::eventFilter(watched, event);
}

} // namespace app
