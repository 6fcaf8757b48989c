// SPDX-License-Identifier: Apache-2.0
#include "app/settings.h"

#include <QSettings>

#include <algorithm>

namespace app {

namespace {
QSettings file()
{
    return QSettings(QSettings::IniFormat, QSettings::UserScope, QStringLiteral("cloister"),
                     QStringLiteral("cloister"));
}

QString wordFor(ThemeChoice choice)
{
    if (choice == ThemeChoice::Light)
        return QStringLiteral("light");
    return choice == ThemeChoice::Dark ? QStringLiteral("dark") : QStringLiteral("system");
}
} // namespace

bool parseTheme(const QString& word, ThemeChoice& choice)
{
    for (const ThemeChoice each : {ThemeChoice::System, ThemeChoice::Light, ThemeChoice::Dark}) {
        if (word == wordFor(each)) {
            choice = each;
            return true;
        }
    }
    return false;
}

Settings loadSettings()
{
    QSettings stored = file();
    Settings settings;
    if (!parseTheme(stored.value(QStringLiteral("theme")).toString(), settings.theme))
        settings.theme = ThemeChoice::System;
    settings.textScale = std::clamp(stored.value(QStringLiteral("textScale"), 100).toInt(),
                                    kSmallestScale, kLargestScale);
    return settings;
}

void saveSettings(const Settings& settings)
{
    QSettings stored = file();
    stored.setValue(QStringLiteral("theme"), wordFor(settings.theme));
    stored.setValue(QStringLiteral("textScale"), settings.textScale);
}

} // namespace app
