// SPDX-License-Identifier: Apache-2.0
#include "storage/import/attachment.h"
#include "storage/import/base64.h"
#include "storage/import/fhir_resources.h"
#include "storage/import/fhir_values.h"

namespace imports {

namespace {

using records::Document;

/// "Progress note (preliminary)": a title says what the status says.
std::string titleOf(std::string name, const std::string& status)
{
    if (name.empty())
        name = "Document";
    if (!status.empty() && status != "final" && status != "current" && status != "completed")
        name += " (" + status + ")";
    return name;
}

std::string authorsOf(const ResourceContext& context, const JsonValue& references)
{
    std::string names;
    for (const JsonValue& reference : references.elements())
        append(names, ", ", context.referenceName(reference));
    return names;
}

/// The bytes of an attachment stand in itself or in a Binary of the bundle.
AttachmentText textOf(const ResourceContext& context, const JsonValue& attachment)
{
    std::string contentType = attachment["contentType"].string();
    std::string data = attachment["data"].string();
    if (data.empty() && attachment.has("url")) {
        const Referenced* binary = context.index.find(attachment["url"].string());
        if (binary == nullptr || binary->type != "Binary")
            return {{}, "it is kept elsewhere"};
        const JsonValue resource = context.readEntry(binary->entry);
        data = resource["data"].string();
        if (contentType.empty())
            contentType = resource["contentType"].string();
    }
    if (data.empty())
        return {{}, "it is empty"};
    std::optional<std::string> bytes = decodeBase64(data);
    if (!bytes)
        return {{}, "its encoding is damaged"};
    return readAttachment(contentType, std::move(*bytes), context.warnings);
}

void take(const ResourceContext& context, Document document, AttachmentText content,
          records::Chart& chart)
{
    document.text = std::move(content.text);
    document.unreadableReason = std::move(content.unreadableReason);
    document.readable = document.unreadableReason.empty();
    if (!document.readable)
        context.warnings.add(Notice::UnreadableDocument);
    chart.documents.push_back(std::move(document));
}

void readSections(const ResourceContext& context, const JsonValue& sections,
                  const std::string& path, std::string& text, records::Chart& chart)
{
    const auto& list = sections.elements();
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string here = path + "section[" + std::to_string(i) + "]";
        std::string heading = list[i]["title"].string();
        if (heading.empty())
            heading = nameOf(list[i]["code"]);
        append(text, "\n\n", heading);
        append(text, "\n", readNarrative(list[i]["text"]["div"].string(), context.warnings));
        if (list[i].has("emptyReason"))
            append(text, "\n", nameOf(list[i]["emptyReason"]));
        readEmptyAllergyList(context, list[i], here, chart);
        readSections(context, list[i]["section"], here + ".", text, chart);
    }
}

void readAnswers(const JsonValue& items, const std::string& indent, std::string& text)
{
    for (const JsonValue& item : items.elements()) {
        std::string line = item["text"].string();
        if (line.empty())
            line = item["linkId"].string();
        std::string answers;
        for (const JsonValue& answer : item["answer"].elements())
            append(answers, ", ", valueWords(answer));
        append(line, ": ", answers);
        append(text, "\n", indent + line);
        readAnswers(item["item"], indent + "  ", text);
        for (const JsonValue& answer : item["answer"].elements())
            readAnswers(answer["item"], indent + "  ", text);
    }
}

} // namespace

void readDocumentReference(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    const auto& contents = resource["content"].elements();
    for (std::size_t i = 0; i < contents.size(); ++i) {
        const JsonValue& attachment = contents[i]["attachment"];
        Document document;
        std::string name = nameOf(resource["type"]);
        if (name.empty())
            name = resource["description"].string();
        if (name.empty())
            name = attachment["title"].string();
        const std::string& status = resource["docStatus"].string();
        document.title = titleOf(name, status.empty() ? resource["status"].string() : status);
        document.author = authorsOf(context, resource["author"]);
        document.date = dateOf(resource["date"]);
        if (document.date.text.empty())
            document.date = dateOf(resource["context"]["period"]["start"]);
        if (document.date.text.empty())
            document.date = dateOf(attachment["creation"]);
        document.source = context.at("content[" + std::to_string(i) + "].attachment");
        take(context, std::move(document), textOf(context, attachment), chart);
    }
}

void readDiagnosticReport(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    Document common;
    common.title = titleOf(nameOf(resource["code"]), resource["status"].string());
    common.author = authorsOf(context, resource["performer"]);
    common.date = startOf(resource, "effective");
    if (common.date.text.empty())
        common.date = dateOf(resource["issued"]);
    common.source = context.source;

    std::string words = resource["conclusion"].string();
    for (const JsonValue& code : resource["conclusionCode"].elements())
        append(words, "\n", nameOf(code));
    const auto& forms = resource["presentedForm"].elements();
    // A narrative that isn't generated from the fields says what stands nowhere else.
    const bool narrated = resource["text"]["status"].string() == "additional" || forms.empty();
    if (narrated && resource["result"].elements().empty())
        append(words, "\n", readNarrative(resource["text"]["div"].string(), context.warnings));

    if (!words.empty())
        take(context, common, {words, {}}, chart);
    for (std::size_t i = 0; i < forms.size(); ++i) {
        Document form = common;
        form.source.path = "presentedForm[" + std::to_string(i) + "]";
        take(context, std::move(form), textOf(context, forms[i]), chart);
    }
    if (!words.empty() || !forms.empty())
        return;

    records::OtherEntry entry;
    entry.kind = context.source.resourceType;
    entry.code = conceptOf(resource["code"]);
    entry.status = resource["status"].string();
    entry.date = common.date;
    for (const JsonValue& result : resource["result"].elements())
        append(entry.detail, ", ", context.referenceName(result));
    if (!entry.detail.empty())
        entry.detail = "Results: " + entry.detail;
    entry.source = context.source;
    chart.others.push_back(std::move(entry));
}

void readComposition(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    Document document;
    std::string name = resource["title"].string();
    if (name.empty())
        name = nameOf(resource["type"]);
    document.title = titleOf(name, resource["status"].string());
    document.author = authorsOf(context, resource["author"]);
    document.date = dateOf(resource["date"]);
    document.source = context.source;
    std::string text;
    readSections(context, resource["section"], "", text, chart);
    if (text.empty())
        text = readNarrative(resource["text"]["div"].string(), context.warnings);
    take(context, std::move(document), {std::move(text), {}}, chart);
}

void readQuestionnaireResponse(const ResourceContext& context, records::Chart& chart)
{
    const JsonValue& resource = context.resource;
    Document document;
    document.title = titleOf("Questionnaire", resource["status"].string());
    document.author = context.referenceName(resource["author"]);
    document.date = dateOf(resource["authored"]);
    document.source = context.source;
    std::string text;
    readAnswers(resource["item"], "", text);
    take(context, std::move(document), {std::move(text), {}}, chart);
}

} // namespace imports
