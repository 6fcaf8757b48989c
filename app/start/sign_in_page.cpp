// SPDX-License-Identifier: Apache-2.0
#include "app/start/sign_in_page.h"

#include "app/backend.h"
#include "app/format.h"
#include "app/label.h"

#include <QEvent>
#include <QFrame>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

namespace app {

namespace {
constexpr int kCardWidthInLetters = 46;

QLineEdit* field(const QString& name, const QString& description, QLineEdit::EchoMode echo)
{
    auto* edit = new QLineEdit;
    edit->setEchoMode(echo);
    edit->setAccessibleName(name);
    edit->setAccessibleDescription(description);
    if (echo == QLineEdit::Password)
        edit->setInputMethodHints(Qt::ImhHiddenText | Qt::ImhSensitiveData |
                                  Qt::ImhNoPredictiveText);
    edit->setContextMenuPolicy(Qt::NoContextMenu);
    return edit;
}
} // namespace

SignInPage::SignInPage(Backend& backend, const QString& socketPath, QWidget* parent)
    : QWidget(parent)
    , m_backend(backend)
    , m_socketPath(socketPath)
    , m_card(new QFrame)
    , m_title(plainLabel({}, "title"))
    , m_hint(wrappedLabel({}, "secondary"))
    , m_daemon(wrappedLabel({}, "small"))
    , m_sentence(wrappedLabel({}, "error"))
    , m_userLabel(plainLabel(tr("User name"), "heading"))
    , m_codeLabel(plainLabel(tr("One-time code"), "heading"))
    , m_passphraseLabel(plainLabel(tr("Passphrase"), "heading"))
    , m_againLabel(plainLabel(tr("Passphrase again"), "heading"))
    , m_user(field(tr("User name"), tr("The name IT gave you"), QLineEdit::Normal))
    , m_code(field(tr("One-time code"), tr("The code IT gave you, valid once"), QLineEdit::Normal))
    , m_passphrase(field(tr("Passphrase"), tr("Not stored on this computer"), QLineEdit::Password))
    , m_again(
          field(tr("Passphrase again"), tr("The same passphrase once more"), QLineEdit::Password))
    , m_go(new QPushButton)
    , m_other(new QPushButton)
{
    setObjectName(QStringLiteral("page"));
    setAttribute(Qt::WA_StyledBackground);
    build();
    connect(m_go, &QPushButton::clicked, this, &SignInPage::submit);
    connect(m_other, &QPushButton::clicked, this, [this] {
        if (m_mode == Mode::Unlock)
            m_user->clear();
        setMode(m_mode == Mode::SignIn ? Mode::Enrol : Mode::SignIn);
        m_user->setFocus();
    });
    for (QLineEdit* edit : {m_user, m_code, m_passphrase, m_again})
        connect(edit, &QLineEdit::returnPressed, this, &SignInPage::submit);
    connect(&backend, &Backend::signInFailed, this, &SignInPage::fail);
    connect(&backend, &Backend::enrolFailed, this, &SignInPage::fail);
    connect(&backend, &Backend::signedIn, this, [this] { setBusy(false); });
    connect(&backend, &Backend::enrolled, this, [this] {
        setBusy(false);
        setMode(Mode::SignIn);
        m_hint->setText(
            tr("Your passphrase is set. Sign in with it; a steward admits you to the records."));
        m_passphrase->setFocus();
    });
    setMode(Mode::SignIn);
}

void SignInPage::build()
{
    auto* card = m_card;
    card->setObjectName(QStringLiteral("card"));
    auto* column = new QVBoxLayout(card);
    column->setContentsMargins(24, 24, 24, 24);
    column->setSpacing(4);
    column->addWidget(m_title);
    column->addWidget(m_hint);
    column->addSpacing(8);
    const std::pair<QLabel*, QLineEdit*> rows[]{{m_userLabel, m_user},
                                                {m_codeLabel, m_code},
                                                {m_passphraseLabel, m_passphrase},
                                                {m_againLabel, m_again}};
    for (const auto& [label, edit] : rows) {
        label->setBuddy(edit);
        column->addWidget(label);
        column->addWidget(edit);
        column->addSpacing(4);
    }
    column->addWidget(m_sentence);
    column->addSpacing(4);
    m_go->setProperty("role", QStringLiteral("primary"));
    m_go->setObjectName(QStringLiteral("signIn"));
    m_other->setObjectName(QStringLiteral("otherWay"));
    column->addWidget(m_go);
    column->addWidget(m_other);
    column->addSpacing(8);
    column->addWidget(m_daemon);
    m_sentence->setAccessibleName(tr("Message"));
    m_daemon->setAccessibleName(tr("Service"));
    fitCard();

    auto* inner = new QWidget;
    auto* middle = new QVBoxLayout(inner);
    middle->addStretch(1);
    auto* row = new QHBoxLayout;
    row->addStretch(1);
    row->addWidget(card);
    row->addStretch(1);
    middle->addLayout(row);
    middle->addStretch(2);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setWidget(inner);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setFrameShape(QFrame::NoFrame);
    inner->setAutoFillBackground(false);
    scroll->viewport()->setAutoFillBackground(false);
    auto* whole = new QVBoxLayout(this);
    whole->setContentsMargins(0, 0, 0, 0);
    whole->addWidget(scroll);
}

void SignInPage::fitCard()
{
    const int width = fontMetrics().averageCharWidth() * kCardWidthInLetters + 2 * 24;
    m_card->setFixedWidth(qBound(420, width, 1100));
}

void SignInPage::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange)
        fitCard();
}

void SignInPage::setMode(Mode mode)
{
    m_mode = mode;
    const bool enrolling = mode == Mode::Enrol;
    for (QWidget* widget : {static_cast<QWidget*>(m_codeLabel), static_cast<QWidget*>(m_code),
                            static_cast<QWidget*>(m_againLabel), static_cast<QWidget*>(m_again)})
        widget->setVisible(enrolling);
    showSentence({});
    switch (mode) {
    case Mode::SignIn:
        m_title->setText(tr("Sign in to Cloister"));
        m_hint->setText(tr("Answers from the patient's record, on this hospital's own machine."));
        m_go->setText(tr("Sign in"));
        m_other->setText(tr("Set a first passphrase with a one-time code"));
        break;
    case Mode::Unlock:
        m_title->setText(tr("Locked"));
        m_hint->setText(
            tr("A running answer is finished and stored. Sign in to go on where you were, or "
               "as somebody else."));
        m_go->setText(tr("Unlock"));
        m_other->setText(tr("Sign in as another user"));
        break;
    case Mode::Enrol:
        m_title->setText(tr("Set your first passphrase"));
        m_hint->setText(
            tr("Choose a passphrase of several words. Nobody can read it; if you forget it, your "
               "hospital's recovery officers can help."));
        m_go->setText(tr("Set passphrase"));
        m_other->setText(tr("Back to sign in"));
        break;
    }
    m_go->setAccessibleName(m_go->text());
    m_other->setAccessibleName(m_other->text());
    if (mode == Mode::SignIn)
        m_user->setReadOnly(false);
}

void SignInPage::setUser(const QString& user)
{
    m_user->setText(user);
    m_passphrase->setFocus();
}

void SignInPage::showSentence(const QString& sentence)
{
    m_sentence->setText(sentence);
    m_sentence->setVisible(!sentence.isEmpty());
    if (!sentence.isEmpty())
        announce(this, sentence);
}

void SignInPage::showService(const ServiceInfo& service)
{
    QString text = tr("Service %1 on this machine, run by user id %2.")
                       .arg(service.version)
                       .arg(service.daemonUid);
    text += QLatin1Char('\n') + tr("Socket: %1").arg(m_socketPath);
    if (!service.initialised)
        text += QLatin1Char('\n') + sentenceFor({.code = QStringLiteral("not_initialised")});
    if (service.synthetic)
        text += QLatin1Char('\n') + tr("Synthetic data: no real patient is in this service.");
    m_daemon->setText(text);
}

void SignInPage::showUnreachable()
{
    m_daemon->setText(tr("Socket: %1").arg(m_socketPath) + QLatin1Char('\n') +
                      sentenceFor({.code = QStringLiteral("unreachable")}));
}

QByteArray SignInPage::takePassphrase(QLineEdit* field)
{
    QString text = field->text();
    QByteArray bytes = text.toUtf8();
    text.fill(QChar(0));
    // Qt keeps the typed text in buffers of its own: overwriting before clearing reaches the
    // newest of them and empties the undo history.
    field->setText(QString(field->text().size(), QLatin1Char(' ')));
    field->clear();
    return bytes;
}

void SignInPage::submit()
{
    if (m_busy)
        return;
    const QString user = m_user->text().trimmed();
    if (user.isEmpty() || m_passphrase->text().isEmpty()) {
        showSentence(tr("Enter your user name and your passphrase."));
        (user.isEmpty() ? m_user : m_passphrase)->setFocus();
        return;
    }
    if (m_mode == Mode::Enrol && m_passphrase->text() != m_again->text()) {
        showSentence(tr("The two passphrases differ. Enter the same one twice."));
        m_again->setFocus();
        return;
    }
    showSentence({});
    QByteArray passphrase = takePassphrase(m_passphrase);
    setBusy(true);
    if (m_mode == Mode::Enrol) {
        takePassphrase(m_again).fill('\0');
        m_backend.enrol(user, m_code->text().trimmed(), std::move(passphrase));
        m_code->clear();
    } else {
        m_backend.signIn(user, std::move(passphrase));
    }
}

void SignInPage::fail(const Failure& failure)
{
    setBusy(false);
    showSentence(sentenceFor(failure));
    m_passphrase->setFocus();
}

void SignInPage::setBusy(bool busy)
{
    m_busy = busy;
    m_go->setEnabled(!busy);
    if (!busy) {
        setMode(m_mode);
        return;
    }
    m_go->setText(tr("Checking the passphrase …"));
    m_go->setAccessibleName(m_go->text());
}

void SignInPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    (m_user->text().isEmpty() ? m_user : m_passphrase)->setFocus();
}

} // namespace app
