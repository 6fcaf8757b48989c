// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QFrame>

class QLabel;

namespace app {

/// Who this window is about: fixed, across its whole width, on top of everything else.
class PatientBanner : public QFrame {
    Q_OBJECT

public:
    explicit PatientBanner(QWidget* parent = nullptr);
    void show(const Chart& chart);
    void clear();

private:
    QLabel* m_name;
    QLabel* m_born;
    QLabel* m_gender;
    QLabel* m_mrn;
    QLabel* m_died;
    QLabel* m_asOf;
    QLabel* m_allergies;
};

} // namespace app
