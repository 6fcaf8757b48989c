// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/drugs.h"

#include "inference/evidence/lists.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace evidence {

namespace {

using View = std::string_view;

// International names in hospital use, British and American spellings where they differ.
constexpr View kNames =
    "abatacept abciximab acarbose aciclovir adalimumab adenosine adrenaline albendazole albuterol "
    "alendronate alfentanil allopurinol alprazolam alteplase amantadine amikacin amiloride "
    "aminophylline amiodarone amitriptyline amlodipine amoxicillin amphotericin ampicillin "
    "anastrozole apixaban aripiprazole aspirin atenolol atomoxetine atorvastatin atropine "
    "azathioprine azithromycin aztreonam baclofen beclometasone benzylpenicillin betahistine "
    "betamethasone bezafibrate bicalutamide bisacodyl bisoprolol bumetanide buprenorphine "
    "bupropion buspirone calcitriol candesartan capecitabine captopril carbamazepine carbidopa "
    "carbimazole carboplatin carvedilol cefaclor cefalexin cefazolin cefepime cefixime cefotaxime "
    "ceftazidime ceftriaxone cefuroxime celecoxib cetirizine chloramphenicol chlordiazepoxide "
    "chlorhexidine chloroquine chlorphenamine chlorpromazine chlortalidone ciclosporin cilostazol "
    "cinacalcet ciprofloxacin cisplatin citalopram clarithromycin clindamycin clobazam clobetasol "
    "clomipramine clonazepam clonidine clopidogrel clotrimazole clozapine codeine colchicine "
    "colecalciferol cyclizine cyclophosphamide dabigatran dalteparin dapagliflozin dapsone "
    "daptomycin denosumab desloratadine desmopressin dexamethasone diazepam diclofenac digoxin "
    "dihydrocodeine diltiazem dimethyl diphenhydramine dipyridamole dobutamine docetaxel docusate "
    "domperidone donepezil dopamine doxazosin doxorubicin doxycycline dulaglutide duloxetine "
    "dutasteride edoxaban empagliflozin enalapril enoxaparin entecavir epinephrine eplerenone "
    "epoetin eprosartan ergocalciferol ertapenem erythromycin escitalopram esomeprazole estradiol "
    "etanercept ethambutol ethosuximide etoricoxib exenatide ezetimibe famotidine felodipine "
    "fenofibrate fentanyl fexofenadine fidaxomicin filgrastim finasteride flecainide "
    "flucloxacillin "
    "fluconazole fludrocortisone flumazenil fluorouracil fluoxetine fluticasone fluvoxamine "
    "fondaparinux formoterol fosfomycin fosinopril furosemide gabapentin galantamine gentamicin "
    "glibenclamide gliclazide glimepiride glipizide glucagon glyceryl granisetron haloperidol "
    "heparin hydralazine hydrochlorothiazide hydrocodone hydrocortisone hydromorphone "
    "hydroxychloroquine hydroxyzine hyoscine ibuprofen imatinib imipenem imipramine indapamide "
    "indometacin infliximab insulin ipratropium irbesartan isoniazid isosorbide itraconazole "
    "ivabradine ivermectin ketamine ketoconazole ketorolac labetalol lacosamide lactulose "
    "lamotrigine lansoprazole latanoprost leflunomide letrozole leuprorelin levetiracetam "
    "levocetirizine levodopa levofloxacin levonorgestrel levothyroxine lidocaine linagliptin "
    "linezolid liothyronine liraglutide lisinopril lithium loperamide loratadine lorazepam "
    "losartan "
    "mebeverine medroxyprogesterone mefenamic melatonin meloxicam memantine meropenem mesalazine "
    "metformin methadone methotrexate methyldopa methylphenidate methylprednisolone metoclopramide "
    "metolazone metoprolol metronidazole miconazole midazolam minoxidil mirabegron mirtazapine "
    "misoprostol modafinil mometasone montelukast morphine moxifloxacin mycophenolate nadolol "
    "naloxone naltrexone naproxen nebivolol neomycin nicorandil nifedipine nimodipine "
    "nitrofurantoin nitroglycerin noradrenaline norethisterone nortriptyline nystatin octreotide "
    "ofloxacin olanzapine olmesartan omeprazole ondansetron oseltamivir oxaliplatin oxazepam "
    "oxcarbazepine oxybutynin oxycodone oxytocin paclitaxel pantoprazole paracetamol paroxetine "
    "penicillin perindopril phenobarbital phenoxymethylpenicillin phenylephrine phenytoin "
    "pioglitazone piperacillin pramipexole prasugrel pravastatin prazosin prednisolone prednisone "
    "pregabalin procainamide prochlorperazine promethazine propafenone propofol propranolol "
    "propylthiouracil pyrazinamide pyridostigmine quetiapine quinapril rabeprazole raloxifene "
    "ramipril ranitidine rasagiline repaglinide rifampicin rifaximin risedronate risperidone "
    "ritonavir rituximab rivaroxaban rizatriptan ropinirole rosuvastatin sacubitril salbutamol "
    "salmeterol saxagliptin semaglutide senna sertraline sevelamer sildenafil simvastatin "
    "sitagliptin solifenacin sotalol spironolactone streptomycin sucralfate sulfamethoxazole "
    "sulfasalazine sulfonamide sumatriptan tacrolimus tadalafil tamoxifen tamsulosin tapentadol "
    "tazobactam telmisartan temazepam tenecteplase tenofovir terbinafine terbutaline teriparatide "
    "tetracycline theophylline thiamine ticagrelor tigecycline timolol tinzaparin tiotropium "
    "tirzepatide tizanidine tobramycin tolterodine topiramate torasemide tramadol trandolapril "
    "tranexamic trastuzumab trazodone triamcinolone trimethoprim valaciclovir valproate valsartan "
    "vancomycin varenicline venlafaxine verapamil vildagliptin vortioxetine warfarin zidovudine "
    "zoledronate zolmitriptan zolpidem zonisamide zopiclone";

// "other=international": brands and second spellings.
constexpr View kAliases =
    "acetaminophen=paracetamol tylenol=paracetamol panadol=paracetamol calpol=paracetamol "
    "advil=ibuprofen motrin=ibuprofen nurofen=ibuprofen aleve=naproxen voltaren=diclofenac "
    "voltarol=diclofenac acetylsalicylic=aspirin asa=aspirin ecotrin=aspirin "
    "glucophage=metformin januvia=sitagliptin jardiance=empagliflozin farxiga=dapagliflozin "
    "forxiga=dapagliflozin ozempic=semaglutide rybelsus=semaglutide wegovy=semaglutide "
    "victoza=liraglutide trulicity=dulaglutide mounjaro=tirzepatide lantus=insulin "
    "humalog=insulin novolog=insulin novorapid=insulin levemir=insulin tresiba=insulin "
    "actrapid=insulin humulin=insulin glyburide=glibenclamide diamicron=gliclazide "
    "zestril=lisinopril prinivil=lisinopril tritace=ramipril altace=ramipril vasotec=enalapril "
    "cozaar=losartan diovan=valsartan micardis=telmisartan atacand=candesartan norvasc=amlodipine "
    "istin=amlodipine lopressor=metoprolol toprol=metoprolol concor=bisoprolol coreg=carvedilol "
    "tenormin=atenolol inderal=propranolol lasix=furosemide frusemide=furosemide bumex=bumetanide "
    "torsemide=torasemide aldactone=spironolactone hctz=hydrochlorothiazide "
    "chlorthalidone=chlortalidone lipitor=atorvastatin crestor=rosuvastatin zocor=simvastatin "
    "coumadin=warfarin marevan=warfarin eliquis=apixaban xarelto=rivaroxaban pradaxa=dabigatran "
    "lixiana=edoxaban savaysa=edoxaban lovenox=enoxaparin clexane=enoxaparin fragmin=dalteparin "
    "plavix=clopidogrel brilinta=ticagrelor brilique=ticagrelor effient=prasugrel "
    "entresto=sacubitril lanoxin=digoxin cordarone=amiodarone gtn=nitroglycerin "
    "ventolin=salbutamol proventil=salbutamol albuterol=salbutamol spiriva=tiotropium "
    "symbicort=budesonide pulmicort=budesonide flovent=fluticasone flixotide=fluticasone "
    "singulair=montelukast epipen=adrenaline epinephrine=adrenaline "
    "norepinephrine=noradrenaline levophed=noradrenaline prilosec=omeprazole losec=omeprazole "
    "nexium=esomeprazole protonix=pantoprazole prevacid=lansoprazole zantac=ranitidine "
    "zofran=ondansetron reglan=metoclopramide amoxil=amoxicillin augmentin=amoxicillin "
    "coamoxiclav=amoxicillin amoxycillin=amoxicillin zithromax=azithromycin cipro=ciprofloxacin "
    "levaquin=levofloxacin bactrim=sulfamethoxazole septra=sulfamethoxazole "
    "cotrimoxazole=sulfamethoxazole sulphamethoxazole=sulfamethoxazole flagyl=metronidazole "
    "keflex=cefalexin cephalexin=cefalexin cefazoline=cefazolin rocephin=ceftriaxone "
    "zosyn=piperacillin tazocin=piperacillin macrobid=nitrofurantoin zovirax=aciclovir "
    "acyclovir=aciclovir valacyclovir=valaciclovir tamiflu=oseltamivir rifampin=rifampicin "
    "penicillins=penicillin sulfa=sulfonamide sulfonamides=sulfonamide sulphonamide=sulfonamide "
    "zoloft=sertraline prozac=fluoxetine lexapro=escitalopram cipralex=escitalopram "
    "celexa=citalopram paxil=paroxetine effexor=venlafaxine cymbalta=duloxetine "
    "wellbutrin=bupropion remeron=mirtazapine xanax=alprazolam valium=diazepam ativan=lorazepam "
    "klonopin=clonazepam ambien=zolpidem seroquel=quetiapine zyprexa=olanzapine "
    "risperdal=risperidone abilify=aripiprazole neurontin=gabapentin lyrica=pregabalin "
    "keppra=levetiracetam lamictal=lamotrigine tegretol=carbamazepine dilantin=phenytoin "
    "depakote=valproate synthroid=levothyroxine eltroxin=levothyroxine thyroxine=levothyroxine "
    "deltasone=prednisone medrol=methylprednisolone cyclosporine=ciclosporin "
    "cyclosporin=ciclosporin humira=adalimumab enbrel=etanercept remicade=infliximab "
    "percocet=oxycodone oxycontin=oxycodone vicodin=hydrocodone ultram=tramadol "
    "benadryl=diphenhydramine claritin=loratadine zyrtec=cetirizine allegra=fexofenadine "
    "lignocaine=lidocaine lupron=leuprorelin leuprolide=leuprorelin cholecalciferol=colecalciferol "
    "vitamind3=colecalciferol estrogen=estradiol oestradiol=estradiol fosamax=alendronate "
    "alendronic=alendronate prolia=denosumab mesalamine=mesalazine viagra=sildenafil "
    "flomax=tamsulosin proscar=finasteride chlorpheniramine=chlorphenamine "
    "phenobarbitone=phenobarbital beclomethasone=beclometasone indomethacin=indometacin";

/// Endings that only names of medicines have; the least length keeps ordinary words out.
constexpr std::array<View, 38> kEndings{
    "april",   "opril",   "epril",     "ipril",   "sartan",   "olol",    "dipine", "statin",
    "prazole", "gliptin", "gliflozin", "glutide", "xaban",    "gatran",  "parin",  "cillin",
    "mycin",   "micin",   "floxacin",  "cycline", "conazole", "azepam",  "zolam",  "triptan",
    "setron",  "tidine",  "oxetine",   "prazine", "fibrate",  "dronate", "mab",    "tinib",
    "ciclib",  "vudine",  "navir",     "caine",   "semide",   "thiazide"};
constexpr std::array<View, 4> kEndingTraps{"somatostatin", "cystatin", "myostatin", "cocaine"};

bool isSalt(View word)
{
    constexpr std::array<View, 84> kWords{
        "hydrochloride", "hcl",        "sodium",    "potassium",  "calcium",     "magnesium",
        "maleate",       "besylate",   "besilate",  "tartrate",   "succinate",   "sulfate",
        "sulphate",      "phosphate",  "acetate",   "citrate",    "fumarate",    "mesylate",
        "bromide",       "chloride",   "nitrate",   "hyclate",    "monohydrate", "oral",
        "tablet",        "tablets",    "capsule",   "capsules",   "injection",   "injectable",
        "solution",      "suspension", "cream",     "ointment",   "patch",       "inhaler",
        "inhalation",    "spray",      "drops",     "extended",   "release",     "modified",
        "delayed",       "prolonged",  "immediate", "chewable",   "prefilled",   "syringe",
        "pen",           "auto",       "injector",  "vial",       "pack",        "day",
        "hour",          "nasal",      "topical",   "ophthalmic", "rectal",      "substance",
        "product",       "finding",    "allergy",   "allergic",   "drug",        "medication",
        "and",           "with",       "for",       "the",        "implant",     "daily",
        "kit",           "week",       "film",      "coated",     "strength",    "dose",
        "free",          "acid",       "vitamin",   "system",     "containing",  "actuat"};
    return std::ranges::find(kWords, word) != kWords.end();
}

const std::unordered_map<View, View>& knownNames()
{
    static const std::unordered_map<View, View> kKnown = [] {
        std::unordered_map<View, View> known;
        eachPart(kNames, ' ', [&](View name) { known.emplace(name, name); });
        eachPart(kAliases, ' ', [&](View pair) {
            const std::size_t equals = pair.find('=');
            known.insert_or_assign(pair.substr(0, equals), pair.substr(equals + 1));
        });
        return known;
    }();
    return kKnown;
}

} // namespace

std::string drugNamed(View word)
{
    const auto& known = knownNames();
    if (const auto found = known.find(word); found != known.end())
        return std::string(found->second);
    if (word.size() > 5 && word.ends_with('s')) {
        if (const auto found = known.find(word.substr(0, word.size() - 1)); found != known.end())
            return std::string(found->second);
    }
    if (word.size() < 7 || std::ranges::find(kEndingTraps, word) != kEndingTraps.end())
        return {};
    const bool ends = std::ranges::any_of(kEndings, [&](View ending) {
        return word.ends_with(ending) && word.size() > ending.size() + 2;
    });
    return ends ? std::string(word) : std::string();
}

std::set<std::string> ingredientsOf(View name)
{
    std::set<std::string> ingredients;
    std::set<std::string> others;
    bool beforeNumber = true;
    for (const Word& word : wordsOf(name)) {
        if (std::string known = drugNamed(word.text); !known.empty())
            ingredients.insert(std::move(known));
        beforeNumber = beforeNumber && !isDigit(word.text.front());
        if (beforeNumber && word.text.size() > 3 && !isSalt(word.text))
            others.insert(word.text);
    }
    return ingredients.empty() ? others : ingredients;
}

std::string strengthOf(View name)
{
    const std::vector<Word> words = wordsOf(name);
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (!isDigit(words[i].text.front()))
            continue;
        const std::size_t last = std::min(i + 1, words.size() - 1);
        return lowered(name.substr(words[i].begin, words[last].end - words[i].begin));
    }
    return {};
}

std::vector<std::string> aliasesOf(View ingredient)
{
    std::vector<std::string> aliases;
    eachPart(kAliases, ' ', [&](View pair) {
        const std::size_t equals = pair.find('=');
        if (pair.substr(equals + 1) == ingredient)
            aliases.emplace_back(pair.substr(0, equals));
    });
    return aliases;
}

std::span<const View> ingredients()
{
    static const std::vector<View> kIngredients = [] {
        std::vector<View> names;
        eachPart(kNames, ' ', [&](View name) { names.push_back(name); });
        return names;
    }();
    return kIngredients;
}

std::span<const View> drugNames()
{
    static const std::vector<View> kAll = [] {
        std::vector<View> names;
        for (const auto& [name, ingredient] : knownNames())
            names.push_back(name);
        std::ranges::sort(names);
        return names;
    }();
    return kAll;
}

std::vector<std::string> drugWords(const records::Chart& chart)
{
    std::set<std::string> words;
    const auto take = [&](View name) {
        for (const std::string& word : ingredientsOf(name)) {
            if (drugNamed(word).empty())
                words.insert(word);
        }
    };
    for (const records::Medication& medication : chart.medications)
        take(medication.code.name());
    for (const records::Allergy& allergy : chart.allergies) {
        if (!allergy.noKnownAllergy &&
            (allergy.category == "medication" || allergy.category == "biologic"))
            take(allergy.code.name());
    }
    return {words.begin(), words.end()};
}

} // namespace evidence
