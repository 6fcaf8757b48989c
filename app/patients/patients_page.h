// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QAbstractTableModel>
#include <QTimer>
#include <QWidget>

class QLabel;
class QLineEdit;
class QTableView;

namespace app {

class Backend;

/// Patients as rows: name, born, gender, identifier, data as of.
class PatientModel : public QAbstractTableModel {
    Q_OBJECT

public:
    using QAbstractTableModel::QAbstractTableModel;
    void setPatients(const QList<PatientSummary>& patients);
    [[nodiscard]] const PatientSummary& at(int row) const { return m_patients.at(row); }
    [[nodiscard]] bool anySimilar() const { return m_similar.contains(true); }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QList<PatientSummary> m_patients;
    QList<bool> m_similar; // for each: another one of the list has a similar name
};

/// Finds a patient by name or identifier. Typing searches; Down goes to the list; Return opens.
class PatientsPage : public QWidget {
    Q_OBJECT

public:
    explicit PatientsPage(Backend& backend, QWidget* parent = nullptr);

    /// Empties the search and lists all.
    void begin();
    /// Shows no patient any more (locked, signed out).
    void clear();

Q_SIGNALS:
    void chosen(const app::PatientSummary& patient);
    void abandoned(); ///< Esc: back to the patient that is open, if any.

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void show(const QString& query, const QList<PatientSummary>& patients, int total);
    void choose();

    Backend& m_backend;
    QTimer m_pause; // so that a search starts when typing rests, not with each key
    QLineEdit* m_query;
    QTableView* m_list;
    QLabel* m_state;
    QLabel* m_similar;
    PatientModel* m_model;
};

} // namespace app
