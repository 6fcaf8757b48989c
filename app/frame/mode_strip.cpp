// SPDX-License-Identifier: Apache-2.0
#include "app/frame/mode_strip.h"

#include "app/format.h"
#include "app/frame/flow_layout.h"
#include "app/label.h"

#include <QLabel>
#include <QToolButton>

namespace app {

namespace {
constexpr int kHashLetters = 8;

QString roleWord(const QString& role)
{
    if (role == QStringLiteral("clinician"))
        return ModeStrip::tr("clinician");
    if (role == QStringLiteral("steward"))
        return ModeStrip::tr("steward");
    if (role == QStringLiteral("admin"))
        return ModeStrip::tr("administrator");
    if (role == QStringLiteral("compliance"))
        return ModeStrip::tr("compliance");
    return role;
}
} // namespace

ModeStrip::ModeStrip(QWidget* parent)
    : QFrame(parent)
    , m_where(plainLabel(tr("● Appliance only – no internet"), "good"))
    , m_model(plainLabel({}, "plain"))
    , m_user(plainLabel({}, "plain"))
    , m_audit(plainLabel({}, "good"))
    , m_synthetic(plainLabel(tr("▲ Synthetic data"), "warn"))
{
    setObjectName(QStringLiteral("strip"));
    setAccessibleName(tr("How this window works"));
    m_where->setToolTip(tr("This program can open no internet connection: the system refuses every "
                           "socket but the local one."));
    auto* flow = new FlowLayout(this, 16);
    flow->setContentsMargins(16, 3, 16, 3);
    for (QLabel* label : {m_where, m_model, m_user, m_audit, m_synthetic})
        flow->addWidget(label);
    const auto button = [this, flow](const QString& text, const QString& name, auto signal) {
        auto* made = new QToolButton;
        made->setText(text);
        made->setAccessibleName(name);
        connect(made, &QToolButton::clicked, this, signal);
        flow->addWidget(made);
    };
    button(tr("F9 Lock"), tr("Lock"), &ModeStrip::lockWanted);
    button(tr("Sign out"), tr("Sign out"), &ModeStrip::signOutWanted);
    button(tr("F1 Keys"), tr("Keyboard help"), &ModeStrip::keysWanted);
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    hide();
}

void ModeStrip::show(const SessionInfo& session)
{
    m_user->setText(tr("%1 (%2)").arg(session.userName, roleWord(session.role)));
    m_synthetic->setVisible(session.synthetic);
    setModel(session.model);
    setVisible(true);
}

void ModeStrip::setModel(const ModelInfo& model)
{
    const QString name =
        model.sha256.isEmpty()
            ? model.name
            : QStringLiteral("%1 %2").arg(model.name, model.sha256.left(kHashLetters));
    QString text;
    if (model.state == QStringLiteral("ready"))
        text = tr("Model %1").arg(name);
    else if (model.state == QStringLiteral("loading"))
        text = tr("Model is loading …");
    else if (model.state == QStringLiteral("restarting"))
        text = tr("Model is restarting …");
    else if (model.state == QStringLiteral("unusable"))
        text = tr("Model cannot be used; look-ups work");
    else
        text = tr("No model; look-ups work");
    m_model->setText(text);
    m_model->setToolTip(model.sha256.isEmpty() ? QString() : tr("SHA-256 %1").arg(model.sha256));
    restyle(m_model, "role",
            model.state == QStringLiteral("ready") ? QStringLiteral("plain")
                                                   : QStringLiteral("warn"));
}

void ModeStrip::setAudit(WitnessVerdict verdict)
{
    const bool well = verdict == WitnessVerdict::Consistent || verdict == WitnessVerdict::FirstSeen;
    m_audit->setText(well ? tr("Audit on") : tr("Audit: look at the notice"));
    m_audit->setToolTip(sentenceFor(verdict));
    restyle(m_audit, "role", well ? QStringLiteral("good") : QStringLiteral("warn"));
}

} // namespace app
