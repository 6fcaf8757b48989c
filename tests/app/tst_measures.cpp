// SPDX-License-Identifier: Apache-2.0
// The measures of tst_looks see what they are for: each is shown a page with the fault.
#include "tests/app/keyboard.h"
#include "tests/app/looks.h"

#include "app/theme.h"

#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTabBar>
#include <QTableWidget>
#include <QTextBrowser>
#include <QVBoxLayout>
#include <QtTest>

class TestMeasures : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void seesWhatTheKeyboardCannotReach()
    {
        QWidget page;
        auto* column = new QVBoxLayout(&page);
        auto* reached = new QPushButton(QStringLiteral("reached"));
        auto* mouse = new QPushButton(QStringLiteral("mouse only"));
        mouse->setFocusPolicy(Qt::NoFocus);
        auto* clicked = new QLineEdit;
        clicked->setFocusPolicy(Qt::ClickFocus);
        clicked->setAccessibleName(QStringLiteral("click only"));
        auto* off = new QPushButton(QStringLiteral("switched off")); // needs no keyboard
        off->setEnabled(false);
        for (QWidget* widget : {static_cast<QWidget*>(reached), static_cast<QWidget*>(mouse),
                                static_cast<QWidget*>(clicked), static_cast<QWidget*>(off)})
            column->addWidget(widget);
        page.show();
        reached->setFocus();
        const QStringList missed = keyboard::missedByTab(page);
        QCOMPARE(missed.size(), 2);
        QVERIFY(missed.join(QString()).contains(QStringLiteral("click only")));
        QCOMPARE(QApplication::focusWidget(), reached);
    }

    void seesCutAndFaintItems()
    {
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        QWidget page;
        page.resize(400, 500);
        auto* list = new QListWidget(&page);
        list->setGeometry(10, 10, 90, 60);
        list->setTextElideMode(Qt::ElideNone);
        list->addItem(QStringLiteral("far too long for one line of this list"));
        list->addItem(QStringLiteral("pale"));
        list->item(1)->setForeground(QColor(0xc0c0c0));
        auto* edit = new QPlainTextEdit(&page);
        edit->setGeometry(10, 80, 90, 40);
        edit->setPlaceholderText(QStringLiteral("a hint that needs more lines than there are"));
        auto* line = new QLineEdit(&page);
        line->setGeometry(10, 130, 60, 34);
        line->setPlaceholderText(QStringLiteral("a hint that is too long"));
        auto* tabs = new QTabBar(&page);
        tabs->setUsesScrollButtons(true);
        tabs->addTab(QStringLiteral("one"));
        tabs->addTab(QStringLiteral("another one"));
        tabs->setTabTextColor(0, QColor(0xd0d0d0));
        tabs->setStyleSheet(QStringLiteral("QTabBar::tab { color: #d0d0d0; }"));
        tabs->setGeometry(10, 180, 60, 34);
        QTableWidget table(1, 2, &page);
        table.setGeometry(10, 220, 120, 90);
        table.verticalHeader()->hide();
        table.setHorizontalHeaderLabels({QStringLiteral("A"), QStringLiteral("B")});
        table.setItem(0, 0, new QTableWidgetItem(QStringLiteral("pale cell")));
        table.item(0, 0)->setForeground(QColor(0xc0c0c0));
        table.setColumnWidth(0, 100);
        table.setColumnWidth(1, 100);
        auto* text = new QTextBrowser(&page);
        text->setGeometry(10, 320, 200, 60);
        text->setLineWrapMode(QTextEdit::NoWrap);
        text->setStyleSheet(QStringLiteral("color: #c8c8c8"));
        text->setPlainText(QStringLiteral("a line that runs on and on beyond the right border"));
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        const QString cut = looks::cutTexts(page).join(QLatin1Char('\n'));
        for (const char* what : {"item far", "placeholder a hint that needs",
                                 "placeholder a hint that is", "tab ", "columns of", "lines of"})
            QVERIFY2(cut.contains(QString::fromLatin1(what)), qPrintable(cut));
        const QString faint = looks::faintTexts(page).join(QLatin1Char('\n'));
        for (const char* what : {"pale", "one", "pale cell", "a line that runs"})
            QVERIFY2(faint.contains(QString::fromLatin1(what)), qPrintable(faint));
    }

    void seesTextThatIsCutOrFaint()
    {
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        QWidget page;
        page.resize(300, 100);
        auto* cut = new QLabel(QStringLiteral("a text that is far too long for its place"), &page);
        cut->setGeometry(10, 10, 60, 20);
        auto* faint = new QLabel(QStringLiteral("faint"), &page);
        faint->setGeometry(10, 50, 100, 30);
        faint->setStyleSheet(QStringLiteral("color: #c0c0c0"));
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        QCOMPARE(looks::cutTexts(page).size(), 1);
        QCOMPARE(looks::faintTexts(page).size(), 1);
    }

    void aFewStrongPixelsDoNotSaveAFaintText()
    {
        app::dress(*qApp, app::ThemeChoice::Light, 100);
        QWidget page;
        page.resize(300, 100);
        auto* faint = new QLabel(QStringLiteral("a faint text"), &page);
        faint->setGeometry(10, 10, 200, 30);
        faint->setStyleSheet(QStringLiteral("color: #b0b0b0"));
        auto* dot = new QWidget(&page);
        dot->setStyleSheet(QStringLiteral("background: black"));
        dot->setGeometry(160, 20, 3, 3);
        auto* clear = new QLabel(QStringLiteral("a clear text"), &page); // control
        clear->setGeometry(10, 50, 200, 30);
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        const QStringList faults = looks::faintTexts(page);
        QCOMPARE(faults.size(), 1);
        QVERIFY(faults.first().contains(QStringLiteral("a faint text")));
    }

    void seesRowsThatAreShownInPart()
    {
        QWidget page;
        page.resize(300, 200);
        QListWidget list(&page);
        list.setObjectName(QStringLiteral("evidenceRows"));
        list.addItems({QStringLiteral("one"), QStringLiteral("two")});
        list.setGeometry(0, 0, 200, list.sizeHintForRow(0) * 3 / 2 + 2);
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        QCOMPARE(looks::sourceFaults(page).size(), 1);
        list.setGeometry(0, 0, 200, list.sizeHintForRow(0) * 2 + 2 * list.frameWidth());
        QCOMPARE(looks::sourceFaults(page).size(), 0);
    }
};

QTEST_MAIN(TestMeasures)
#include "tst_measures.moc"
