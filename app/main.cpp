// SPDX-License-Identifier: Apache-2.0
#include "app/main_window.h"
#include "app/settings.h"
#include "app/socket_backend.h"
#include "app/theme.h"

#include "inference/api/limits.h"
#include "storage/process/harden.h"
#include "storage/process/sandbox.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QStyleHints>

#include <cstdio>

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

int refuse(const QString& sentence, int status)
{
    std::fprintf(stderr, "cloister: %s\n", qPrintable(sentence));
    return status;
}

/// Only platforms that stay on this machine's screen: a remote one (vnc, webgl) would carry records
/// away. Plugins come from the installation, never from a path in the environment.
void fixPlatform()
{
    for (const char* name :
         {"QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_GENERIC_PLUGINS",
          "QT_QPA_PLATFORMTHEME", "QT_STYLE_OVERRIDE", "QT_LOGGING_CONF", "QT_DEBUG_PLUGINS"})
        qunsetenv(name);
    const QByteArray wanted = qgetenv("QT_QPA_PLATFORM").split(':').value(0);
    QByteArray platform = qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY")
                              ? QByteArrayLiteral("xcb")
                              : QByteArrayLiteral("wayland;xcb");
    if (wanted == "xcb" || wanted == "wayland" || wanted == "offscreen")
        platform = wanted;
    qputenv("QT_QPA_PLATFORM", platform);
}

/// A sentence where Qt would end the program with an abort; empty when there is a display to use.
QString displayFault()
{
    if (qgetenv("QT_QPA_PLATFORM") == "offscreen" ||
        !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY"))
        return {};
    const QByteArray display = qgetenv("DISPLAY");
    if (display.isEmpty())
        return QStringLiteral("there is no display; start it inside a desktop session");
    if (!display.startsWith(':') && !display.startsWith("unix:"))
        return QStringLiteral(
            "the display is not on this machine; records are shown on local displays only");
    return {};
}

void describe(QCommandLineParser& parser)
{
    parser.addOptions({
        {QStringLiteral("socket"), QStringLiteral("The service's socket."), QStringLiteral("path"),
         QStringLiteral("/run/cloister/cloister.sock")},
        {QStringLiteral("text-scale"), QStringLiteral("Text size in percent, 80 to 200."),
         QStringLiteral("percent")},
        {QStringLiteral("theme"), QStringLiteral("light, dark or system."),
         QStringLiteral("theme")},
        {QStringLiteral("help"), QStringLiteral("Shows this help.")},
    });
}

/// Settings of the last start, with what the command line says in place of them.
bool readSettings(const QCommandLineParser& parser, app::Settings& settings)
{
    settings = app::loadSettings();
    if (parser.isSet(QStringLiteral("theme")) &&
        !app::parseTheme(parser.value(QStringLiteral("theme")), settings.theme))
        return false;
    if (!parser.isSet(QStringLiteral("text-scale")))
        return true;
    bool number = false;
    settings.textScale = parser.value(QStringLiteral("text-scale")).toInt(&number);
    return number && settings.textScale >= app::kSmallestScale &&
           settings.textScale <= app::kLargestScale;
}

} // namespace

int main(int argc, char** argv)
{
    if (const auto hardened = process::harden(); !hardened)
        return refuse(QString::fromStdString(hardened.error().detail), kFailed);
    if (const auto sandboxed = process::enterClientSandbox(); !sandboxed)
        return refuse(QString::fromStdString(sandboxed.error().detail), kFailed);

    QStringList arguments;
    for (int i = 0; i < argc; ++i)
        arguments += QString::fromLocal8Bit(argv[i]);
    QCommandLineParser parser;
    describe(parser);
    app::Settings settings;
    if (!parser.parse(arguments) || !parser.positionalArguments().isEmpty() ||
        !readSettings(parser, settings))
        return refuse(parser.errorText().isEmpty()
                          ? QStringLiteral("an option has a value it cannot have; see --help")
                          : parser.errorText(),
                      kUsage);
    if (parser.isSet(QStringLiteral("help"))) {
        std::fputs(qPrintable(parser.helpText()), stdout);
        return 0;
    }
    const QString socket = parser.value(QStringLiteral("socket"));
    if (socket.toUtf8().size() > static_cast<qsizetype>(api::kMaxSocketPathBytes))
        return refuse(QStringLiteral("the socket's path is longer than 107 bytes"), kUsage);

    fixPlatform();
    if (const QString fault = displayFault(); !fault.isEmpty())
        return refuse(fault, kFailed);
    int ours = 1; // Qt's own options (-platform, -plugin…) are not taken from the command line
    QApplication application(ours, argv);
    QApplication::setApplicationName(QStringLiteral("cloister"));
    QApplication::setDesktopFileName(QStringLiteral("cloister"));
    app::dress(application, settings.theme, settings.textScale);
    QObject::connect(
        QGuiApplication::styleHints(), &QStyleHints::colorSchemeChanged, &application,
        [&] { app::dress(application, settings.theme, app::loadSettings().textScale); });

    app::SocketBackend backend(socket);
    app::MainWindow window(backend, socket, settings);
    window.resize(1366, 768);
    window.show();
    return QApplication::exec();
}
