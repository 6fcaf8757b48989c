// SPDX-License-Identifier: Apache-2.0
#include "app/patients/patients_page.h"

#include "app/backend.h"
#include "app/format.h"
#include "app/label.h"
#include "app/patients/similar_names.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QTableView>
#include <QVBoxLayout>

namespace app {

namespace {
constexpr int kTypingPauseMs = 200;
constexpr int kRowHeight = 28; // targets are at least 24 px high
enum Column { Name, Born, Gender, Identifier, AsOf, Columns };
} // namespace

void PatientModel::setPatients(const QList<PatientSummary>& patients)
{
    beginResetModel();
    m_patients = patients;
    m_similar = withSimilarNames(patients);
    endResetModel();
}

int PatientModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_patients.size());
}

int PatientModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : Columns;
}

QVariant PatientModel::data(const QModelIndex& index, int role) const
{
    const PatientSummary& patient = m_patients.at(index.row());
    const bool similar = m_similar.at(index.row());
    if (role == Qt::AccessibleTextRole && index.column() == Name) {
        const QString who =
            tr("%1, born %2").arg(patient.name, shownBirth(patient, QDate::currentDate()));
        return similar ? tr("%1. Similar names: check birth date and number").arg(who) : who;
    }
    if (role == Qt::FontRole && index.column() == Name) {
        QFont font;
        font.setBold(true);
        return font;
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Name:
        return similar ? tr("%1\n▲ similar name").arg(patient.name) : patient.name;
    case Born:
        return shownBirth(patient, QDate::currentDate());
    case Gender:
        return shownGender(patient.gender);
    case Identifier:
        return patient.mrn.isEmpty() ? tr("Not Known") : patient.mrn;
    default:
        return shownDate(patient.dataAsOf);
    }
}

QVariant PatientModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::AlignLeft | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name:
        return tr("Name");
    case Born:
        return tr("Born");
    case Gender:
        return tr("Gender");
    case Identifier:
        return tr("MRN");
    default:
        return tr("Data as of");
    }
}

PatientsPage::PatientsPage(Backend& backend, QWidget* parent)
    : QWidget(parent)
    , m_backend(backend)
    , m_query(new QLineEdit)
    , m_list(new QTableView)
    , m_state(wrappedLabel({}, "secondary"))
    , m_similar(wrappedLabel(tr("▲ Similar names: check birth date and number."), "caution"))
    , m_model(new PatientModel(this))
{
    setObjectName(QStringLiteral("page"));
    setAttribute(Qt::WA_StyledBackground);
    m_query->setPlaceholderText(tr("Name or identifier"));
    m_query->setAccessibleName(tr("Find a patient"));
    m_query->setAccessibleDescription(tr("Type a name or an identifier; Down goes to the list"));
    m_query->installEventFilter(this);
    m_list->setModel(m_model);
    m_list->setAccessibleName(tr("Patients"));
    m_list->setAccessibleDescription(tr("Return opens the patient"));
    m_list->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_list->setSelectionMode(QAbstractItemView::SingleSelection);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setShowGrid(false);
    m_list->setTabKeyNavigation(false);
    m_list->verticalHeader()->hide();
    m_list->verticalHeader()->setMinimumSectionSize(kRowHeight);
    m_list->verticalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_list->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_list->horizontalHeader()->setStretchLastSection(true);
    m_list->horizontalHeader()->setHighlightSections(false);
    m_list->installEventFilter(this);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 16, 24, 24);
    column->setSpacing(8);
    column->addWidget(plainLabel(tr("Patients"), "title"));
    column->addWidget(m_query);
    column->addWidget(m_state);
    m_similar->hide();
    column->addWidget(m_similar);
    column->addWidget(m_list, 1);

    m_pause.setSingleShot(true);
    m_pause.setInterval(kTypingPauseMs);
    connect(&m_pause, &QTimer::timeout, this,
            [this] { m_backend.searchPatients(m_query->text().trimmed()); });
    connect(m_query, &QLineEdit::textEdited, this, [this] { m_pause.start(); });
    connect(m_query, &QLineEdit::returnPressed, this, &PatientsPage::choose);
    connect(m_list, &QTableView::doubleClicked, this, &PatientsPage::choose);
    connect(&backend, &Backend::patientsFound, this, &PatientsPage::show);
}

void PatientsPage::begin()
{
    m_query->clear();
    m_state->setText(tr("Reading the list of patients …"));
    m_query->setFocus();
    m_backend.searchPatients({});
}

void PatientsPage::clear()
{
    m_pause.stop();
    m_query->clear();
    m_model->setPatients({});
    m_similar->hide();
}

void PatientsPage::show(const QString& query, const QList<PatientSummary>& patients, int total)
{
    if (query != m_query->text().trimmed())
        return; // an answer to what was typed before
    m_model->setPatients(patients);
    m_similar->setVisible(m_model->anySimilar());
    if (patients.isEmpty())
        m_state->setText(query.isEmpty()
                             ? tr("No patient is in the records yet. IT imports them.")
                             : tr("No patient matches. Check the spelling or clear the search."));
    else
        m_state->setText(tr("%1 of %2 patients. Return opens the selected one.")
                             .arg(patients.size())
                             .arg(total));
    if (!patients.isEmpty())
        m_list->selectRow(0);
    announce(this, m_model->anySimilar() ? m_state->text() + QLatin1Char(' ') + m_similar->text()
                                         : m_state->text());
}

void PatientsPage::choose()
{
    const QModelIndex current = m_list->currentIndex();
    if (current.isValid())
        Q_EMIT chosen(m_model->at(current.row()));
}

bool PatientsPage::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() != QEvent::KeyPress)
        return false;
    const auto* key = static_cast<QKeyEvent*>(event);
    if (watched == m_query && key->key() == Qt::Key_Down && m_model->rowCount() > 0) {
        m_list->setFocus();
        return true;
    }
    if (watched == m_list && (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter)) {
        choose();
        return true;
    }
    return false;
}

void PatientsPage::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape)
        Q_EMIT abandoned();
    else
        QWidget::keyPressEvent(event);
}

} // namespace app
