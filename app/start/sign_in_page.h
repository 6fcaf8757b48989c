// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/view.h"

#include <QWidget>

class QFrame;
class QLabel;
class QLineEdit;
class QPushButton;

namespace app {

class Backend;

/// Signing in, unlocking, and a new user's first passphrase. It shows which daemon it talks to and
/// keeps no passphrase: the field is overwritten and emptied before the answer is there.
class SignInPage : public QWidget {
    Q_OBJECT

public:
    SignInPage(Backend& backend, const QString& socketPath, QWidget* parent = nullptr);

    enum class Mode { SignIn, Unlock, Enrol };
    void setMode(Mode mode);
    [[nodiscard]] Mode mode() const { return m_mode; }
    /// Unlock: whose session it was. Another user may sign in instead.
    void setUser(const QString& user);
    void showSentence(const QString& sentence);
    void showService(const ServiceInfo& service);
    void showUnreachable();

protected:
    void showEvent(QShowEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void build();
    void fitCard();
    void submit();
    void fail(const Failure& failure);
    QByteArray takePassphrase(QLineEdit* field);
    void setBusy(bool busy);

    Backend& m_backend;
    QString m_socketPath;
    Mode m_mode = Mode::SignIn;
    bool m_busy = false;
    QFrame* m_card;
    QLabel* m_title;
    QLabel* m_hint;
    QLabel* m_daemon;
    QLabel* m_sentence;
    QLabel* m_userLabel;
    QLabel* m_codeLabel;
    QLabel* m_passphraseLabel;
    QLabel* m_againLabel;
    QLineEdit* m_user;
    QLineEdit* m_code;
    QLineEdit* m_passphrase;
    QLineEdit* m_again;
    QPushButton* m_go;
    QPushButton* m_other;
};

} // namespace app
