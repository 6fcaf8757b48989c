// SPDX-License-Identifier: Apache-2.0
// A worker without its draft model gives the same answers: whatever is wrong with that one, the
// others are loaded.
#include "inference/engine/worker_models.h"
#include "tests/support/tiny_model.h"

#include <QTemporaryFile>
#include <QTest>

using engine::WorkerArguments;
using engine::WorkerModels;
using wire::DraftModel;

namespace {

/// What a worker inherits of a model.
class Inherited {
public:
    explicit Inherited(const std::string& content)
    {
        if (!m_file.open() || m_file.write(QByteArray::fromStdString(content)) < 0 ||
            !m_file.flush())
            qFatal("no file for a model");
    }
    [[nodiscard]] int descriptor() { return m_file.handle(); }

private:
    QTemporaryFile m_file;
};

/// The tiny model with another token in its vocabulary.
std::string withOtherVocabulary()
{
    std::string content = support::tinyModel();
    const std::string the("\3\0\0\0\0\0\0\0the", 11);
    content[content.find(the) + 10] = 'a';
    return content;
}

} // namespace

class TestWorkerModels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void loadsThemAll()
    {
        Inherited answer(support::tinyModel());
        Inherited draft(support::tinyModel("smollm", 7));
        WorkerArguments arguments;
        arguments.answer.file = answer.descriptor();
        auto alone = WorkerModels::open(arguments);
        QVERIFY(alone && alone->load({.threads = 1}));
        QVERIFY(alone->draft() == nullptr && alone->draftModel() == DraftModel::None);

        arguments.draft.file = draft.descriptor();
        auto both = WorkerModels::open(arguments);
        QVERIFY(both && both->load({.threads = 1}));
        QVERIFY(both->draft() != nullptr && both->draftModel() == DraftModel::InUse);
        QVERIFY(&both->draft()->network() != &both->answer().network());
        both->leaveDraft({model::Errc::OutOfMemory, "no room for its keys and values"});
        QVERIFY(both->draft() == nullptr && both->draftModel() == DraftModel::DoesNotFit);
    }

    void goesOnWithoutADraftModelThatIsNone_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<int>("fate");
        const auto row = [](const char* name, const std::string& content, DraftModel fate) {
            QTest::newRow(name) << QByteArray::fromStdString(content) << static_cast<int>(fate);
        };
        row("no model", "no model at all", DraftModel::Unusable);
        row("nothing", "", DraftModel::Unusable);
        row("cut off", support::tinyModel().substr(0, 60000), DraftModel::Unusable);
        row("another vocabulary", withOtherVocabulary(), DraftModel::OtherVocabulary);
        row("no vocabulary", support::tinyModel(""), DraftModel::OtherVocabulary);
    }

    void goesOnWithoutADraftModelThatIsNone()
    {
        QFETCH(QByteArray, content);
        QFETCH(int, fate);
        Inherited answer(support::tinyModel());
        Inherited draft(content.toStdString());
        WorkerArguments arguments;
        arguments.answer.file = answer.descriptor();
        arguments.draft.file = draft.descriptor();
        auto models = WorkerModels::open(arguments);
        QVERIFY(models && models->load({.threads = 1}));
        QVERIFY(models->draft() == nullptr);
        QCOMPARE(static_cast<int>(models->draftModel()), fate);
        // The other way round there is nothing to go on with.
        std::swap(arguments.answer, arguments.draft);
        if (fate == static_cast<int>(DraftModel::Unusable))
            QVERIFY(!WorkerModels::open(arguments));
    }

    void goesOnWithoutADraftModelThatDoesNotFit()
    {
        Inherited answer(support::tinyModel());
        Inherited draft(support::tinyModel());
        WorkerArguments arguments;
        arguments.answer.file = answer.descriptor();
        arguments.memory = UINT64_MAX - 1;
        const std::uint64_t taken = WorkerModels::open(arguments)->needed();
        arguments.draft.file = draft.descriptor();
        const std::uint64_t both = WorkerModels::open(arguments)->needed();
        QVERIFY(both > taken);

        arguments.memory = both;
        QVERIFY(WorkerModels::open(arguments)->draftModel() == DraftModel::InUse);
        arguments.memory = both - 1;
        const auto narrow = WorkerModels::open(arguments);
        QVERIFY(narrow && narrow->draftModel() == DraftModel::DoesNotFit);
        QCOMPARE(narrow->needed(), taken);
        arguments.memory = taken;
        QVERIFY(WorkerModels::open(arguments)->draftModel() == DraftModel::DoesNotFit);
        arguments.memory = taken - 1;
        const auto none = WorkerModels::open(arguments);
        QVERIFY(!none && none.error().code == model::Errc::OutOfMemory);
    }
};

QTEST_GUILESS_MAIN(TestWorkerModels)
#include "tst_worker_models.moc"
