// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/drug_classes.h"

#include "inference/evidence/drugs.h"
#include "inference/evidence/lists.h"

#include <algorithm>
#include <array>

namespace evidence {

namespace {

using View = std::string_view;

constexpr std::array kClasses{
    DrugClass{"ACE inhibitor|ace inhibitor|acei|ace i|angiotensin converting enzyme inhibitor",
              "lisinopril ramipril enalapril perindopril captopril fosinopril quinapril "
              "trandolapril",
              "april opril epril ipril", true},
    DrugClass{"angiotensin receptor blocker|arb|sartan|angiotensin ii receptor blocker|"
              "angiotensin receptor antagonist",
              "losartan", "sartan", true},
    DrugClass{"beta blocker|betablocker|beta adrenergic blocker|beta antagonist",
              "carvedilol labetalol", "olol", true},
    DrugClass{"calcium channel blocker|ccb|calcium antagonist|calcium blocker",
              "verapamil diltiazem", "dipine", true},
    DrugClass{"statin|hmg coa reductase inhibitor|lipid lowering drug", "simvastatin", "vastatin",
              true},
    DrugClass{"penicillin|penicillin antibiotic",
              "penicillin amoxicillin piperacillin ampicillin flucloxacillin benzylpenicillin "
              "phenoxymethylpenicillin",
              "cillin", true},
    DrugClass{"cephalosporin|cefalosporin",
              "cefaclor cefalexin cefazolin cefepime cefixime cefotaxime ceftazidime ceftriaxone "
              "cefuroxime",
              "", true},
    DrugClass{"beta lactam|betalactam|beta lactam antibiotic",
              "cefaclor cefalexin cefazolin cefepime cefixime cefotaxime ceftazidime ceftriaxone "
              "cefuroxime meropenem imipenem ertapenem penicillin",
              "cillin", true},
    DrugClass{"carbapenem", "meropenem imipenem ertapenem", "penem", true},
    DrugClass{"macrolide", "erythromycin clarithromycin azithromycin", "thromycin", true},
    DrugClass{"quinolone|fluoroquinolone", "ciprofloxacin", "floxacin", true},
    DrugClass{"tetracycline", "doxycycline tetracycline", "cycline", true},
    DrugClass{"aminoglycoside", "gentamicin amikacin tobramycin neomycin streptomycin", "", true},
    DrugClass{"sulfonamide|sulphonamide|sulfa drug|sulfa|sulpha drug",
              "sulfamethoxazole sulfasalazine sulfonamide", "", true},
    DrugClass{"antibiotic|antibacterial|anti biotic",
              "doxycycline clarithromycin azithromycin erythromycin ciprofloxacin ceftriaxone "
              "cefalexin cefuroxime cefaclor cefazolin cefepime cefixime cefotaxime ceftazidime "
              "metronidazole gentamicin amikacin tobramycin vancomycin meropenem imipenem "
              "ertapenem nitrofurantoin trimethoprim sulfamethoxazole clindamycin linezolid "
              "fosfomycin sulfonamide",
              "cillin floxacin cycline", false},
    DrugClass{"anticoagulant|anticoagulation|anti coagulant|anticoagulated|blood thinner|thinner|"
              "noac|doac|direct oral anticoagulant|vitamin k antagonist",
              "warfarin dabigatran heparin fondaparinux", "xaban gatran parin", false},
    DrugClass{"heparin|low molecular weight heparin|lmwh", "heparin enoxaparin dalteparin", "parin",
              true},
    DrugClass{"antiplatelet|anti platelet|platelet inhibitor",
              "aspirin clopidogrel ticagrelor prasugrel dipyridamole", "grel", false},
    DrugClass{"antihypertensive|anti hypertensive|blood pressure medication|blood pressure tablet|"
              "blood pressure medicine|blood pressure drug|blood pressure treatment|"
              "blood pressure pill",
              "hydrochlorothiazide indapamide doxazosin spironolactone verapamil diltiazem "
              "carvedilol labetalol hydralazine methyldopa chlortalidone",
              "april opril epril ipril sartan olol dipine", false},
    DrugClass{"diuretic|water tablet|water pill",
              "furosemide bumetanide torasemide hydrochlorothiazide indapamide spironolactone "
              "eplerenone amiloride metolazone chlortalidone",
              "thiazide semide", false},
    DrugClass{"loop diuretic", "furosemide bumetanide torasemide", "", true},
    DrugClass{"thiazide|thiazide diuretic",
              "hydrochlorothiazide indapamide metolazone chlortalidone", "thiazide", true},
    DrugClass{"NSAID|nsaid|non steroidal|nonsteroidal|antiinflammatory|anti inflammatory|"
              "non steroidal anti inflammatory|nonsteroidal anti inflammatory",
              "ibuprofen naproxen diclofenac celecoxib etoricoxib meloxicam ketorolac aspirin "
              "indometacin mefenamic",
              "coxib", true},
    DrugClass{"opioid|opiate|narcotic",
              "codeine dihydrocodeine tramadol morphine oxycodone hydrocodone hydromorphone "
              "fentanyl alfentanil buprenorphine methadone tapentadol",
              "", true},
    DrugClass{"painkiller|pain killer|analgesic|analgesia|pain medication|pain medicine|"
              "pain relief",
              "paracetamol ibuprofen naproxen codeine dihydrocodeine tramadol morphine oxycodone "
              "hydrocodone fentanyl diclofenac",
              "", false},
    DrugClass{"proton pump inhibitor|ppi|acid blocker|antacid", "omeprazole", "prazole", true},
    DrugClass{"SSRI|ssri|selective serotonin reuptake inhibitor",
              "sertraline fluoxetine citalopram escitalopram paroxetine fluvoxamine", "", true},
    DrugClass{"antidepressant|anti depressant",
              "sertraline fluoxetine citalopram escitalopram paroxetine fluvoxamine mirtazapine "
              "venlafaxine duloxetine amitriptyline nortriptyline bupropion trazodone",
              "", false},
    DrugClass{"benzodiazepine|benzo", "diazepam lorazepam temazepam midazolam alprazolam",
              "azepam zolam", true},
    DrugClass{"antipsychotic|neuroleptic",
              "haloperidol olanzapine quetiapine risperidone aripiprazole clozapine", "", false},
    DrugClass{"antidiabetic|oral hypoglycaemic|oral hypoglycemic|diabetes medication|"
              "diabetes medicine|diabetes tablet|diabetes drug",
              "metformin gliclazide glimepiride glipizide glibenclamide repaglinide acarbose "
              "insulin pioglitazone exenatide tirzepatide",
              "gliptin gliflozin glutide", false},
    DrugClass{"sulfonylurea|sulphonylurea", "gliclazide glimepiride glipizide glibenclamide", "",
              true},
    DrugClass{"SGLT2 inhibitor|sglt2 inhibitor|sglt2|gliflozin|flozin", "empagliflozin",
              "gliflozin", true},
    DrugClass{"GLP-1 agonist|glp1|glp 1|glp 1 agonist|glp1 agonist", "semaglutide exenatide",
              "glutide", true},
    DrugClass{"steroid|corticosteroid|glucocorticoid",
              "prednisolone prednisone dexamethasone hydrocortisone methylprednisolone "
              "fludrocortisone betamethasone triamcinolone",
              "", false},
    DrugClass{"inhaler|bronchodilator|puffer",
              "salbutamol salmeterol formoterol tiotropium budesonide fluticasone ipratropium "
              "beclometasone terbutaline",
              "", false},
    DrugClass{"antiepileptic|anticonvulsant|anti epileptic|epilepsy medication",
              "levetiracetam lamotrigine carbamazepine oxcarbazepine phenytoin valproate "
              "topiramate gabapentin lacosamide zonisamide",
              "", false},
    DrugClass{"antihistamine|anti histamine",
              "cetirizine loratadine desloratadine fexofenadine chlorphenamine diphenhydramine "
              "hydroxyzine promethazine",
              "", false},
    DrugClass{"antiarrhythmic|anti arrhythmic",
              "amiodarone flecainide sotalol propafenone digoxin procainamide adenosine", "",
              false},
    DrugClass{"nitrate", "nitroglycerin glyceryl isosorbide", "", true},
    DrugClass{"local anaesthetic|local anesthetic", "lidocaine", "caine", true},
    DrugClass{"antiemetic|anti emetic|anti sickness",
              "ondansetron granisetron metoclopramide cyclizine domperidone prochlorperazine",
              "setron", false},
    DrugClass{"laxative", "lactulose senna bisacodyl docusate macrogol", "", false},
    DrugClass{"iron|iron tablet|iron supplement|iron supplementation|iron infusion",
              "ferrous ferric iron", "", true},
    DrugClass{"thyroid hormone|thyroid medication|thyroid tablet", "levothyroxine liothyronine", "",
              false},
};

} // namespace

std::span<const DrugClass> drugClasses()
{
    return kClasses;
}

const DrugClass* drugClassNamed(View words)
{
    const View singular = words.ends_with('s') ? words.substr(0, words.size() - 1) : words;
    for (const DrugClass& group : kClasses) {
        if (isOneOf(words, group.names, '|') || isOneOf(singular, group.names, '|'))
            return &group;
    }
    return nullptr;
}

bool isMember(const DrugClass& group, View ingredient)
{
    bool member = isOneOf(ingredient, group.members);
    eachPart(group.endings, ' ', [&](View ending) {
        member = member || (ingredient.size() > ending.size() + 1 && ingredient.ends_with(ending));
    });
    return member;
}

std::set<std::string> membersOf(const DrugClass& group)
{
    std::set<std::string> members;
    eachPart(group.members, ' ', [&](View name) { members.emplace(name); });
    for (const View name : ingredients()) {
        if (isMember(group, name))
            members.emplace(name);
    }
    return members;
}

const DrugClass* relatedClass(View ingredient, View other)
{
    for (const DrugClass& group : kClasses) {
        if (group.related && isMember(group, ingredient) && isMember(group, other))
            return &group;
    }
    return nullptr;
}

View shownName(const DrugClass& group)
{
    return firstName(group.names);
}

} // namespace evidence
