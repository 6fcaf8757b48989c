// SPDX-License-Identifier: Apache-2.0
#include "storage/import/fhir_values.h"

namespace imports {

namespace {

std::string text(const JsonValue& value)
{
    return value.kind == JsonValue::Kind::Number || value.kind == JsonValue::Kind::Boolean
               ? value.text
               : value.string();
}

std::string timingWords(const JsonValue& timing)
{
    if (const std::string code = nameOf(timing["code"]); !code.empty())
        return code;
    const JsonValue& repeat = timing["repeat"];
    std::string words;
    if (repeat.has("frequency")) {
        words = text(repeat["frequency"]);
        if (repeat.has("frequencyMax"))
            words += " - " + text(repeat["frequencyMax"]);
        words += words == "1" ? " time" : " times";
    }
    if (repeat.has("period")) {
        std::string period = text(repeat["period"]);
        if (repeat.has("periodMax"))
            period += " - " + text(repeat["periodMax"]);
        append(words, " ", "every " + period + " " + repeat["periodUnit"].string());
    }
    for (const char* name : {"dayOfWeek", "timeOfDay", "when"}) {
        std::string list;
        for (const JsonValue& element : repeat[name].elements())
            append(list, " ", element.string());
        append(words, ", ", list);
    }
    return words;
}

/// "2 puff" of "2 {puff}": in a dose the remark says what is taken.
std::string countedWords(records::Quantity quantity)
{
    if (quantity.unit.starts_with('{') && quantity.unit.find('}') == quantity.unit.size() - 1)
        quantity.unit = quantity.unit.substr(1, quantity.unit.size() - 2);
    return wordsOf(quantity);
}

std::string doseWords(const JsonValue& dosage)
{
    std::string words;
    // Statement and request keep a list; an administration has one dose of its own.
    for (const JsonValue& dose : dosage["doseAndRate"].elements()) {
        if (const auto quantity = quantityOf(dose["doseQuantity"]))
            append(words, ", ", countedWords(*quantity));
        append(words, ", ", rangeWords(dose["doseRange"]));
        if (const auto rate = quantityOf(dose["rateQuantity"]))
            append(words, ", ", "rate " + wordsOf(*rate));
        if (dose.has("rateRatio"))
            append(words, ", ", "rate " + valueWords(dose));
    }
    if (const auto quantity = quantityOf(dosage["dose"]))
        append(words, ", ", countedWords(*quantity));
    if (const auto rate = quantityOf(dosage["rateQuantity"]))
        append(words, ", ", "rate " + wordsOf(*rate));
    return words;
}

std::string ratioWords(const JsonValue& ratio)
{
    const auto numerator = quantityOf(ratio["numerator"]);
    const auto denominator = quantityOf(ratio["denominator"]);
    if (!numerator || !denominator)
        return {};
    // Titres are ratios without units: "1:128".
    const bool bare = records::shownUnit(numerator->unit).empty() &&
                      records::shownUnit(denominator->unit).empty();
    const char* colon = bare ? ":" : " / ";
    return wordsOf(*numerator) + colon + wordsOf(*denominator);
}

} // namespace

void append(std::string& text, std::string_view separator, std::string_view more)
{
    if (more.empty())
        return;
    if (!text.empty())
        text += separator;
    text += more;
}

records::Concept conceptOf(const JsonValue& value)
{
    records::Concept coded;
    coded.text = value["text"].string();
    for (const JsonValue& coding : value["coding"].elements()) {
        coded.codings.push_back(
            {coding["system"].string(), coding["code"].string(), coding["display"].string()});
    }
    return coded;
}

std::string nameOf(const JsonValue& coded)
{
    return conceptOf(coded).name();
}

std::string codeOf(const JsonValue& coded)
{
    for (const JsonValue& coding : coded["coding"].elements()) {
        if (!coding["code"].string().empty())
            return coding["code"].string();
    }
    return coded["text"].string();
}

bool hasCode(const JsonValue& coded, std::string_view code)
{
    for (const JsonValue& coding : coded["coding"].elements()) {
        if (coding["code"].string() == code)
            return true;
    }
    return false;
}

std::optional<records::Quantity> quantityOf(const JsonValue& value)
{
    if (value["value"].kind != JsonValue::Kind::Number)
        return std::nullopt;
    records::Quantity quantity;
    quantity.value = value["value"].text;
    quantity.comparator = value["comparator"].string();
    quantity.unit = value["unit"].string();
    if (quantity.unit.empty())
        quantity.unit = value["code"].string();
    if (quantity.unit.empty())
        quantity.unit = value["currency"].string();
    return quantity;
}

std::string wordsOf(const records::Quantity& quantity)
{
    std::string words = quantity.comparator + quantity.value;
    if (const std::string unit(records::shownUnit(quantity.unit)); !unit.empty())
        words += (unit == "%" ? "" : " ") + unit;
    return words;
}

std::string rangeWords(const JsonValue& range)
{
    const auto low = quantityOf(range["low"]);
    const auto high = quantityOf(range["high"]);
    if (low && high)
        return low->value + " - " + wordsOf(*high);
    if (low)
        return "at least " + wordsOf(*low);
    return high ? "up to " + wordsOf(*high) : std::string();
}

records::Date dateOf(const JsonValue& text)
{
    return records::parseDate(text.string());
}

records::Date startOf(const JsonValue& resource, std::string_view name)
{
    const std::string stem(name);
    for (const char* type : {"DateTime", "Date", "Instant"}) {
        if (resource.has(stem + type))
            return dateOf(resource[stem + type]);
    }
    const JsonValue& period = resource[stem + "Period"];
    if (period.has("start"))
        return dateOf(period["start"]);
    if (resource[stem + "Timing"]["event"].at(0).kind == JsonValue::Kind::String)
        return dateOf(resource[stem + "Timing"]["event"].at(0));
    records::Date date;
    if (resource.has(stem + "String"))
        return dateOf(resource[stem + "String"]);
    if (const auto age = quantityOf(resource[stem + "Age"]))
        date.text = "at age " + wordsOf(*age);
    else if (resource.has(stem + "Range"))
        date.text = "at age " + rangeWords(resource[stem + "Range"]);
    else if (period.has("end"))
        date.text = "until " + period["end"].string();
    return date;
}

records::Date endOf(const JsonValue& resource, std::string_view name)
{
    return dateOf(resource[std::string(name) + "Period"]["end"]);
}

std::string notesOf(const JsonValue& annotations)
{
    std::string notes;
    for (const JsonValue& annotation : annotations.elements()) {
        std::string note = annotation["text"].string();
        std::string origin = annotation["authorString"].string();
        append(origin, ", ", annotation["authorReference"]["display"].string());
        append(origin, ", ", annotation["time"].string());
        if (!note.empty() && !origin.empty())
            note += " (" + origin + ")";
        append(notes, "\n", note);
    }
    return notes;
}

std::string personName(const JsonValue& name)
{
    if (!name["text"].string().empty())
        return name["text"].string();
    std::string words;
    for (const char* part : {"prefix", "given"}) {
        for (const JsonValue& element : name[part].elements())
            append(words, " ", element.string());
    }
    append(words, " ", name["family"].string());
    for (const JsonValue& element : name["suffix"].elements())
        append(words, " ", element.string());
    return words;
}

std::string dosageWords(const JsonValue& dosage)
{
    std::string words = dosage["text"].string();
    if (words.empty()) {
        words = doseWords(dosage);
        append(words, ", ", nameOf(dosage["route"]));
        append(words, ", ", nameOf(dosage["site"]));
        append(words, ", ", timingWords(dosage["timing"]));
        if (dosage["asNeededBoolean"].isTrue())
            append(words, ", ", "as needed");
        if (const std::string need = nameOf(dosage["asNeededCodeableConcept"]); !need.empty())
            append(words, ", ", "as needed for " + need);
        for (const JsonValue& instruction : dosage["additionalInstruction"].elements())
            append(words, ", ", nameOf(instruction));
    }
    append(words, "; ", dosage["patientInstruction"].string());
    return words;
}

std::string valueWords(const JsonValue& holder)
{
    for (const char* name : {"valueQuantity", "valueAge"}) {
        if (const auto quantity = quantityOf(holder[name]))
            return wordsOf(*quantity);
    }
    for (const char* name : {"valueString", "valueDateTime", "valueDate", "valueTime",
                             "valueInstant", "valueInteger", "valueDecimal", "valueUri"}) {
        if (const std::string words = text(holder[name]); !words.empty())
            return words;
    }
    if (holder["valueBoolean"].kind == JsonValue::Kind::Boolean)
        return holder["valueBoolean"].isTrue() ? "yes" : "no";
    if (holder.has("valueCodeableConcept"))
        return nameOf(holder["valueCodeableConcept"]);
    if (const JsonValue& coding = holder["valueCoding"]; coding.isObject())
        return coding.has("display") ? coding["display"].string() : coding["code"].string();
    if (holder.has("valueRange"))
        return rangeWords(holder["valueRange"]);
    for (const char* name : {"valueRatio", "rateRatio"}) {
        if (holder.has(name))
            return ratioWords(holder[name]);
    }
    if (const JsonValue& period = holder["valuePeriod"]; period.isObject())
        return period["start"].string() + " - " + period["end"].string();
    if (holder.has("valueSampledData"))
        return "a sampled curve";
    if (holder.has("valueAttachment"))
        return "an attachment";
    if (holder.has("valueReference"))
        return holder["valueReference"]["display"].string();
    return {};
}

} // namespace imports
