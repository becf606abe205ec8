"""What the demonstration's people say, in the languages they say it in. All of them are made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts.values import Language

KK, RU, EN = Language.KK, Language.RU, Language.EN
Said = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of question, what is asked about it, and what is hoped for."""

    code: str
    questions: Mapping[Language, tuple[str, ...]]
    wanted: Said
    issue: str


TOPICS: tuple[Topic, ...] = (
    Topic(
        "benefits",
        {
            KK: (
                "Көпбалалы отбасына қандай жәрдемақы төленеді және оны қалай рәсімдейміз?",
                "Атаулы әлеуметтік көмекке өтініш беру үшін қандай анықтамалар керек?",
            ),
            RU: (
                "Какие пособия положены многодетной семье и как их оформить?",
                "Какие справки нужны для адресной социальной помощи?",
            ),
            EN: (
                "Which benefits is a family with four children entitled to, and how do we apply?",
                "Which certificates do I need to apply for targeted social assistance?",
            ),
        },
        {
            KK: "Қажетті құжаттардың тізімі мен өтініш үлгісі",
            RU: "Список нужных документов и образец заявления",
            EN: "A list of the documents needed, and a sample application",
        },
        "Families do not know which benefits exclude each other",
    ),
    Topic(
        "small-business",
        {
            KK: (
                "Жеке кәсіпкер ретінде қалай тіркелемін және қандай салық режимін таңдаған дұрыс?",
                "Шағын дүкен ашу үшін қандай рұқсаттар қажет?",
            ),
            RU: (
                "Как зарегистрироваться индивидуальным предпринимателем и какой налоговый режим выбрать?",
                "Какие разрешения нужны, чтобы открыть небольшой магазин?",
            ),
            EN: (
                "How do I register as a sole trader, and which tax regime should I choose?",
                "Which permits do I need to open a small shop?",
            ),
        },
        {
            KK: "Тіркеу қадамдары және салық режимдерін салыстыру",
            RU: "Порядок регистрации и сравнение налоговых режимов",
            EN: "The steps of registration, and the tax regimes compared",
        },
        "New entrepreneurs ask for the tax regimes side by side",
    ),
    Topic(
        "documents",
        {
            KK: (
                "Жеке куәлігімді жоғалтып алдым, жаңасын қалай аламын?",
                "Неке туралы куәліктің телнұсқасын қайдан алуға болады?",
            ),
            RU: (
                "Я потерял удостоверение личности, как получить новое?",
                "Где получить дубликат свидетельства о браке?",
            ),
            EN: (
                "I lost my identity card; how do I get a new one?",
                "Where can I get a duplicate of a marriage certificate?",
            ),
        },
        {
            KK: "Қайда бару керегі, мерзімі және алымы",
            RU: "Куда обратиться, срок и размер сбора",
            EN: "Where to go, how long it takes and what it costs",
        },
        "Lost documents: people come without a photograph",
    ),
    Topic(
        "housing",
        {
            KK: (
                "Тұрғын үй кезегіне қалай тұрамын?",
                "Коммуналдық төлемдерге тұрғын үй көмегін алуға құқығым бар ма?",
            ),
            RU: (
                "Как встать в очередь на жильё?",
                "Имею ли я право на жилищную помощь по оплате коммунальных услуг?",
            ),
            EN: (
                "How do I get on the waiting list for public housing?",
                "Am I entitled to housing assistance with my utility bills?",
            ),
        },
        {
            KK: "Кезекке тұру шарттары және есептеу үлгісі",
            RU: "Условия постановки в очередь и пример расчёта",
            EN: "The conditions for the waiting list, and a worked example",
        },
        "Housing queue: the order of precedence is not understood",
    ),
    Topic(
        "pension",
        {
            KK: (
                "Зейнетке шығуға қандай құжаттар жинауым керек?",
                "Зейнетақымды басқа банкке қалай ауыстырамын?",
            ),
            RU: (
                "Какие документы собрать для выхода на пенсию?",
                "Как перевести пенсию в другой банк?",
            ),
            EN: (
                "Which papers do I need to collect before I retire?",
                "How do I have my pension paid into another bank?",
            ),
        },
        {
            KK: "Құжаттар тізімі және еңбек өтілін тексеру",
            RU: "Перечень документов и проверка стажа",
            EN: "A list of papers, and a check of the years of service",
        },
        "Years of service before 1998 are hard to prove",
    ),
    Topic(
        "employment",
        {
            KK: (
                "Жұмыссыз ретінде қалай тіркелуге болады?",
                "Мамандықты өзгерту үшін тегін курстар бар ма?",
            ),
            RU: (
                "Как зарегистрироваться в качестве безработного?",
                "Есть ли бесплатные курсы для смены профессии?",
            ),
            EN: (
                "How do I register as unemployed?",
                "Are there free courses for changing one's profession?",
            ),
        },
        {
            KK: "Курстар тізімі және тіркелу күні",
            RU: "Список курсов и дата записи",
            EN: "A list of courses and the day to enrol",
        },
        "Free courses are full by the second week",
    ),
    Topic(
        "school",
        {
            KK: (
                "Баламды бірінші сыныпқа қашан және қалай тіркеймін?",
                "Мектепте тегін тамаққа кім құқылы?",
            ),
            RU: (
                "Когда и как записать ребёнка в первый класс?",
                "Кому положено бесплатное питание в школе?",
            ),
            EN: (
                "When and how do I enrol my child in the first grade?",
                "Who is entitled to free school meals?",
            ),
        },
        {
            KK: "Тіркеу мерзімі және мектептердің тізімі",
            RU: "Сроки записи и список школ",
            EN: "The dates of enrolment and a list of schools",
        },
        "Parents learn of the enrolment dates too late",
    ),
)

COMPLAINTS: Said = {
    KK: "Кезекте екі сағаттан артық күттім, ешкім ештеңе түсіндірмеді. Себебін айтып, жауап беріңіздер.",
    RU: "Прождал в очереди больше двух часов, и никто ничего не объяснил. Прошу разобраться и ответить.",
    EN: "I waited in the queue for over two hours and nobody explained why. Please look into it and answer.",
}
REMEDY_SOUGHT: Said = {
    KK: "Кешірім сұрап, кезекті ретке келтірсеңіздер екен.",
    RU: "Извинения и порядок в очереди.",
    EN: "An apology, and a queue that works.",
}
ANSWERS: Said = {
    KK: "Құрметті өтініш иесі! Сұрағыңыз бойынша толық жауап пен қажетті құжаттардың тізімі қоса беріледі.",
    RU: "Уважаемый заявитель! Полный ответ на Ваш вопрос и перечень нужных документов прилагаются.",
    EN: "Dear applicant, please find attached a full answer to your question and a list of the papers you need.",
}
WISHES: Said = {
    KK: "Осындай түсінікті кеңес үшін рақмет, сенбі күні де ашық болсаңыздар екен.",
    RU: "Спасибо за понятное объяснение; хорошо бы работать и в субботу.",
    EN: "Thank you for the clear advice; it would help if you were open on Saturdays.",
}
NEEDS: Said = {
    KK: "Өтініштің толтырылған үлгісі және нақты мекенжай керек.",
    RU: "Нужен заполненный образец заявления и точный адрес.",
    EN: "I still need a completed sample form and the exact address.",
}
FURTHER: Said = {
    KK: "Жеке куәлік пен отбасы құрамы туралы анықтаманың көшірмесі",
    RU: "Копии удостоверения личности и справки о составе семьи",
    EN: "Copies of the identity card and of the certificate of family composition",
}
SETTLED: Said = {
    KK: "Мәселе өздігінен шешілді, рақмет.",
    RU: "Вопрос решился сам, спасибо.",
    EN: "The matter has settled itself, thank you.",
}
CANT_COME: Said = {
    KK: "Бұл күні келу мүмкін емес.",
    RU: "В этот день не получается.",
    EN: "That day does not suit.",
}
NOTES: Said = {
    KK: "Тұтынушы кеңесті қолданды, мәселесі жайлы хабарласты.",
    RU: "Заявитель воспользовался советом и рассказал, чем всё закончилось.",
    EN: "The consumer followed the advice and told us how it went.",
}

NAMES: Mapping[Language, tuple[str, ...]] = {
    KK: ("Айгүл Сәрсенова", "Ерлан Жақсыбеков", "Гүлнар Төлегенова", "Нұрлан Әбішев", "Сәуле Қасенова", "Дәурен Оспан"),
    RU: ("Ольга Кравцова", "Игорь Мельников", "Татьяна Зорина", "Виктор Лапин", "Наталья Громова", "Павел Чижов"),
    EN: ("Emma Whitfield", "Daniel Okoye", "Sofia Lindqvist", "Tom Harrow", "Grace Penrose", "Liam Calder"),
}
STREETS: Said = {KK: "Үлгі көшесі", RU: "ул. Примерная", EN: "Sample Street"}

CAUSES = ("unclear_explanation", "incomplete_information", "long_wait", "wrong_department", "no_sample_form")
FACTORS = ("A completed sample form was shown", "The next step was agreed at once", "The consumer's own language")
REMEDIES = ("Train the consultant in this topic", "Print sample forms in three languages", "Ask for papers beforehand")
GROUPS = ("families", "entrepreneurs", "job seekers", "pensioners", "parents of pupils")
