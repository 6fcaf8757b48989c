// SPDX-License-Identifier: Apache-2.0
#include "storage/import/markup.h"

#include "storage/import/hidden_text.h"

#include <algorithm>
#include <array>
#include <vector>

namespace imports {

namespace {

struct Entity {
    std::string_view name;
    char32_t codePoint;
};

/// Those that notes hold; an unknown one stays as it was written.
constexpr std::array<Entity, 26> kEntities{
    {{"amp", '&'},      {"lt", '<'},        {"gt", '>'},       {"quot", '"'},    {"apos", '\''},
     {"nbsp", ' '},     {"deg", 0xB0},      {"micro", 0xB5},   {"plusmn", 0xB1}, {"times", 0xD7},
     {"frac12", 0xBD},  {"sup2", 0xB2},     {"le", 0x2264},    {"ge", 0x2265},   {"ndash", 0x2013},
     {"mdash", 0x2014}, {"hellip", 0x2026}, {"bull", 0x2022},  {"middot", 0xB7}, {"lsquo", 0x2018},
     {"rsquo", 0x2019}, {"ldquo", 0x201C},  {"rdquo", 0x201D}, {"auml", 0xE4},   {"ouml", 0xF6},
     {"uuml", 0xFC}}};

/// Elements that a browser sets on lines of their own.
constexpr std::array<std::string_view, 30> kBlocks{
    "p",     "div",       "br",      "li",   "ul",     "ol",    "tr",         "table",
    "thead", "tbody",     "caption", "h1",   "h2",     "h3",    "h4",         "h5",
    "h6",    "hr",        "dl",      "dt",   "dd",     "pre",   "blockquote", "section",
    "title", "paragraph", "item",    "list", "header", "footer"};

/// Elements whose content is no text of the page.
constexpr std::array<std::string_view, 7> kSilent{"script", "style",    "head", "template",
                                                  "object", "noscript", "svg"};
constexpr std::array<std::string_view, 8> kVoid{"br",   "hr",   "img", "input",
                                                "meta", "link", "col", "wbr"};

template <std::size_t Size>
bool isOneOf(const std::array<std::string_view, Size>& names, std::string_view name)
{
    return std::ranges::find(names, name) != names.end();
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool isSpace(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

std::string lowered(std::string_view text)
{
    std::string letters(text);
    std::ranges::transform(letters, letters.begin(), lower);
    return letters;
}

/// Whether the attributes of a tag hide the element: the hidden attribute or a style.
bool hides(std::string_view attributes)
{
    std::string squeezed;
    for (const char c : attributes) {
        if (!isSpace(c))
            squeezed.push_back(lower(c));
    }
    static constexpr std::array<std::string_view, 6> kStyles{"display:none", "visibility:hidden",
                                                             "font-size:0",  "opacity:0;",
                                                             "opacity:0\"",  "opacity:0'"};
    const bool byStyle = squeezed.find("style=") != std::string::npos &&
                         std::ranges::any_of(kStyles, [&](std::string_view style) {
                             return squeezed.find(style) != std::string::npos;
                         });
    std::string words = lowered(attributes);
    std::ranges::replace_if(words, isSpace, ' ');
    return byStyle || (words + " ").find(" hidden ") != std::string::npos ||
           words.find(" hidden=") != std::string::npos;
}

class Reader {
public:
    explicit Reader(std::string_view markup)
        : m_markup(markup)
    {
    }

    PlainText read()
    {
        while (m_position < m_markup.size()) {
            const char c = m_markup[m_position];
            if (c == '<')
                readTag();
            else if (c == '&')
                readEntity();
            else
                readCharacter(c);
        }
        while (!m_out.text.empty() && isSpace(m_out.text.back()))
            m_out.text.pop_back();
        return std::move(m_out);
    }

private:
    void readCharacter(char c)
    {
        ++m_position;
        if (silent())
            return;
        if (isSpace(c))
            m_space = true;
        else
            put(std::string_view(&c, 1));
    }

    void put(std::string_view characters)
    {
        if (m_space && !m_out.text.empty() && m_out.text.back() != '\n' && m_out.text.back() != ' ')
            m_out.text.push_back(' ');
        m_space = false;
        m_out.text += characters;
    }

    void endLine()
    {
        m_space = false;
        while (!m_out.text.empty() && m_out.text.back() == ' ')
            m_out.text.pop_back();
        if (!m_out.text.empty() && m_out.text.back() != '\n')
            m_out.text.push_back('\n');
    }

    void readEntity()
    {
        const std::size_t end = m_markup.substr(m_position, 12).find(';');
        const std::string_view name = end == std::string_view::npos
                                          ? std::string_view()
                                          : m_markup.substr(m_position + 1, end - 1);
        const char32_t codePoint = codePointOf(name);
        if (codePoint == 0) {
            readCharacter('&');
            return;
        }
        m_position += end + 1;
        if (silent())
            return;
        if (codePoint == ' ' || codePoint == 0xA0) {
            m_space = true;
            return;
        }
        std::string character;
        appendUtf8(character, codePoint);
        put(character);
    }

    static char32_t codePointOf(std::string_view name)
    {
        if (!name.starts_with('#')) {
            const auto* found = std::ranges::find(kEntities, name, &Entity::name);
            return found == kEntities.end() ? 0 : found->codePoint;
        }
        const bool hexadecimal = name.size() > 1 && lower(name[1]) == 'x';
        const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
        char32_t value = 0;
        for (const char c : digits) {
            const char l = lower(c);
            const bool decimalDigit = l >= '0' && l <= '9';
            if (!decimalDigit && !(hexadecimal && l >= 'a' && l <= 'f'))
                return 0;
            value = value * (hexadecimal ? 16 : 10) +
                    static_cast<char32_t>(decimalDigit ? l - '0' : l - 'a' + 10);
            if (value > 0x10FFFF)
                return 0xFFFD;
        }
        return value;
    }

    /// Moves behind @p closing, or to the end where it never comes.
    std::string_view takeUntil(std::string_view closing)
    {
        const std::size_t end = m_markup.find(closing, m_position);
        const std::string_view taken = m_markup.substr(m_position, end - m_position);
        m_position = end == std::string_view::npos ? m_markup.size() : end + closing.size();
        return taken;
    }

    void readTag()
    {
        const std::string_view rest = m_markup.substr(m_position);
        if (rest.starts_with("<!--")) {
            m_position += 4;
            takeUntil("-->");
        } else if (rest.starts_with("<![CDATA[")) {
            m_position += 9;
            const std::string_view content = takeUntil("]]>");
            if (!silent())
                put(content);
        } else if (rest.starts_with("<?") || rest.starts_with("<!")) {
            takeUntil(">");
        } else if (rest.size() > 1 &&
                   (rest[1] == '/' || (lower(rest[1]) >= 'a' && lower(rest[1]) <= 'z'))) {
            readElement();
        } else {
            readCharacter('<'); // "potassium < 3.5" in careless markup
        }
    }

    /// The inside of a tag; a ">" in a quoted value doesn't end it.
    std::string_view takeTag()
    {
        const std::size_t begin = m_position;
        char quote = 0;
        while (m_position < m_markup.size()) {
            const char c = m_markup[m_position++];
            if (quote != 0)
                quote = c == quote ? char{0} : quote;
            else if (c == '"' || c == '\'')
                quote = c;
            else if (c == '>')
                return m_markup.substr(begin, m_position - 1 - begin);
        }
        return m_markup.substr(begin);
    }

    void readElement()
    {
        ++m_position;
        std::string_view tag = takeTag();
        const bool closing = tag.starts_with('/');
        if (closing)
            tag.remove_prefix(1);
        const bool selfClosing = tag.ends_with('/');
        const std::size_t nameEnd = std::min(tag.find_first_of(" \t\r\n\f/"), tag.size());
        const std::string name = lowered(tag.substr(0, nameEnd));

        if (closing)
            closeElement(name);
        else if (!selfClosing && !isOneOf(kVoid, name))
            openElement(name, tag.substr(nameEnd));
        if (silent())
            return;
        if (isOneOf(kBlocks, name))
            endLine();
        else if ((name == "td" || name == "th") && !closing && !m_out.text.empty() &&
                 m_out.text.back() != '\n')
            put(" | ");
    }

    void openElement(const std::string& name, std::string_view attributes)
    {
        if (silent()) {
            // Only an element of the same name can end the silence: count how deep it stands.
            if (name == m_silentName)
                ++m_silentDepth;
            return;
        }
        const bool hidden = hides(attributes);
        if (hidden)
            ++m_out.hiddenParts;
        if (hidden || isOneOf(kSilent, name)) {
            m_silentName = name;
            m_silentDepth = 1;
        }
    }

    void closeElement(const std::string& name)
    {
        if (silent() && name == m_silentName)
            --m_silentDepth;
    }

    [[nodiscard]] bool silent() const { return m_silentDepth > 0; }

    std::string_view m_markup;
    std::size_t m_position = 0;
    PlainText m_out;
    bool m_space = false;
    std::string m_silentName;
    int m_silentDepth = 0;
};

} // namespace

PlainText plainTextOf(std::string_view markup)
{
    return Reader(markup).read();
}

} // namespace imports
