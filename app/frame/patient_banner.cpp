// SPDX-License-Identifier: Apache-2.0
#include "app/frame/patient_banner.h"

#include "app/format.h"
#include "app/frame/flow_layout.h"
#include "app/label.h"

#include <QDate>
#include <QHBoxLayout>
#include <QLabel>

#include <algorithm>

namespace app {

namespace {
/// A label without a colon and its stronger value, side by side (NHS CUI PAB-0046).
QWidget* pair(const QString& label, QLabel* value)
{
    auto* widget = new QWidget;
    auto* row = new QHBoxLayout(widget);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    auto* name = plainLabel(label, "label");
    name->setBuddy(value);
    row->addWidget(name, 0, Qt::AlignTop);
    row->addWidget(value, 1, Qt::AlignTop);
    return widget;
}
} // namespace

PatientBanner::PatientBanner(QWidget* parent)
    : QFrame(parent)
    , m_name(plainLabel({}, "name"))
    , m_born(plainLabel({}, "value"))
    , m_gender(plainLabel({}, "value"))
    , m_mrn(plainLabel({}, "value"))
    , m_died(plainLabel({}, "alert"))
    , m_asOf(plainLabel({}, "value"))
    , m_allergies(wrappedLabel({}, "value"))
{
    setObjectName(QStringLiteral("banner"));
    setAccessibleName(tr("Patient"));
    m_name->setAccessibleName(tr("Patient name"));
    auto* flow = new FlowLayout(this, 20);
    flow->setContentsMargins(16, 6, 16, 6);
    flow->addWidget(m_name);
    flow->addWidget(pair(tr("Born"), m_born));
    flow->addWidget(pair(tr("Gender"), m_gender));
    flow->addWidget(pair(tr("MRN"), m_mrn));
    flow->addWidget(m_died);
    flow->addWidget(pair(tr("Allergies"), m_allergies));
    flow->addWidget(pair(tr("Data as of"), m_asOf));
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    clear();
}

void PatientBanner::show(const Chart& chart)
{
    const PatientSummary& patient = chart.patient;
    m_name->setText(patient.name);
    m_name->setAccessibleName(tr("Patient name: %1").arg(patient.name));
    m_born->setText(shownBirth(patient, QDate::currentDate()));
    m_gender->setText(shownGender(patient.gender));
    m_mrn->setText(patient.mrn.isEmpty() ? tr("Not Known") : patient.mrn);
    m_died->setText(patient.died == QStringLiteral("true")
                        ? tr("Deceased")
                        : tr("Died %1").arg(shownDay(patient.died)));
    m_died->setVisible(!patient.died.isEmpty());
    m_asOf->setText(shownDate(patient.dataAsOf));
    const QString allergies = shownAllergies(chart);
    m_allergies->setText(allergies);
    // A current allergy stands out by colour and weight; "none" in any sense does not.
    const bool current =
        std::ranges::any_of(chart.allergies, [](const Allergy& one) { return !one.resolved; });
    restyle(m_allergies, "role", current ? QStringLiteral("alert") : QStringLiteral("value"));
    m_allergies->setWordWrap(m_allergies->fontMetrics().horizontalAdvance(allergies) > 600);
    setAccessibleDescription(
        tr("%1, born %2, %3, MRN %4, allergies: %5")
            .arg(m_name->text(), m_born->text(), m_gender->text(), m_mrn->text(), allergies));
    setVisible(true);
}

void PatientBanner::clear()
{
    for (QLabel* label : {m_name, m_born, m_gender, m_mrn, m_died, m_asOf, m_allergies})
        label->clear();
    m_name->setAccessibleName(tr("Patient name"));
    setAccessibleDescription({});
    hide();
}

} // namespace app
