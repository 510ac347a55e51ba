/* Units of measure: SI, the usual others, money; names, symbols and powers. */
#include <string.h>

#include "expression.h"

enum { METER, KILOGRAM, SECOND, AMPERE, KELVIN, MOLE, ANGLE, BYTE, MONEY, YEAR, YUAN };

typedef struct {
    const char *names; /* separated by spaces, singular */
    int dimension;     /* -1: a product of base units, given in `powers` */
    const char *factor;
    int8_t powers[UNIT_DIMENSIONS];
} Known;

static const Known UNITS[] = {
    {"m meter metre 米", METER, "1", {0}},
    {"km kilometer kilometre 千米 公里", METER, "1000", {0}},
    {"dm decimeter decimetre 分米", METER, "0.1", {0}},
    {"cm centimeter centimetre 厘米", METER, "0.01", {0}},
    {"mm millimeter millimetre 毫米", METER, "0.001", {0}},
    {"nm nanometer", METER, "0.000000001", {0}},
    {"in inch inche", METER, "0.0254", {0}},
    {"ft foot feet", METER, "0.3048", {0}},
    {"yd yard", METER, "0.9144", {0}},
    {"mi mile", METER, "1609.344", {0}},
    {"平方米", -1, "1", {[METER] = 2}},
    {"平方厘米", -1, "0.0001", {[METER] = 2}},
    {"立方米", -1, "1", {[METER] = 3}},
    {"立方厘米", -1, "0.000001", {[METER] = 3}},
    {"kg kilogram 千克 公斤", KILOGRAM, "1", {0}},
    {"g gram 克", KILOGRAM, "0.001", {0}},
    {"mg milligram 毫克", KILOGRAM, "0.000001", {0}},
    {"t tonne 吨", KILOGRAM, "1000", {0}},
    {"lb lbs pound pound-mass", KILOGRAM, "0.45359237", {0}},
    {"oz ounce", KILOGRAM, "0.028349523125", {0}},
    {"s sec second 秒", SECOND, "1", {0}},
    {"ms millisecond", SECOND, "0.001", {0}},
    {"min minute 分钟", SECOND, "60", {0}},
    {"h hr hrs hour 小时", SECOND, "3600", {0}},
    {"day 天", SECOND, "86400", {0}},
    {"year 年 岁", YEAR, "1", {0}},
    {"week 周 星期", SECOND, "604800", {0}},
    {"A amp ampere", AMPERE, "1", {0}},
    {"K kelvin", KELVIN, "1", {0}},
    {"mol mole", MOLE, "1", {0}},
    {"degree deg", ANGLE, "1", {0}},
    {"rad radian 弧度", -1, "1", {0}},
    {"byte", BYTE, "1", {0}},
    {"bit", BYTE, "0.125", {0}},
    {"dollar usd", MONEY, "1", {0}},
    {"yuan 元 rmb cny", YUAN, "1", {0}},
    {"cent", MONEY, "0.01", {0}},
    {"L l liter litre 升", -1, "0.001", {[METER] = 3}},
    {"mL ml cc milliliter millilitre 毫升", -1, "0.000001", {[METER] = 3}},
    {"N newton", -1, "1", {[METER] = 1, [KILOGRAM] = 1, [SECOND] = -2}},
    {"J joule", -1, "1", {[METER] = 2, [KILOGRAM] = 1, [SECOND] = -2}},
    {"kJ kilojoule", -1, "1000", {[METER] = 2, [KILOGRAM] = 1, [SECOND] = -2}},
    {"W watt", -1, "1", {[METER] = 2, [KILOGRAM] = 1, [SECOND] = -3}},
    {"kW kilowatt", -1, "1000", {[METER] = 2, [KILOGRAM] = 1, [SECOND] = -3}},
    {"atm atmosphere", -1, "101325", {[METER] = -1, [KILOGRAM] = 1, [SECOND] = -2}},
    {"Pa pascal", -1, "1", {[METER] = -1, [KILOGRAM] = 1, [SECOND] = -2}},
    {"V volt", -1, "1", {[METER] = 2, [KILOGRAM] = 1, [SECOND] = -3, [AMPERE] = -1}},
    {"C coulomb", -1, "1", {[SECOND] = 1, [AMPERE] = 1}},
    {"ohm", -1, "1", {[METER] = 2, [KILOGRAM] = 1, [SECOND] = -3, [AMPERE] = -2}},
    {"Hz hertz", -1, "1", {[SECOND] = -1}},
    {"mph", -1, "0.44704", {[METER] = 1, [SECOND] = -1}},
    {"kmh kph", -1, "5/18", {[METER] = 1, [SECOND] = -1}},
};

static bool name_equal(Text word, Text name) {
    if (text_equal(word, name)) return true;
    if (name.size < 3) return false; /* symbols keep their case: mg is not Mg */
    const bool plural = word.size == name.size + 1 && (word.data[word.size - 1] | 0x20) == 's';
    return text_equal_fold((Text){word.data, word.size - plural}, name);
}

static const Known *find_unit(Text word) {
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
        const char *name = UNITS[i].names;
        while (*name != 0) {
            const size_t size = strcspn(name, " ");
            if (name_equal(word, (Text){name, size})) return &UNITS[i];
            name += size;
            while (*name == ' ') name++;
        }
    }
    return NULL;
}

bool unit_known(Text word) { return find_unit(word) != NULL; }

static bool word_is(Text word, const char *other) {
    return name_equal(word, (Text){other, strlen(other)});
}

/* "0.0254", "5/18" */
static bool read_factor(Arena *arena, const char *text, Rational *factor) {
    const size_t above = strcspn(text, "/");
    Rational below;
    return rational_from_decimal(arena, (Text){text, above}, factor) &&
           (text[above] == 0 ||
            (rational_from_decimal(arena, (Text){text + above + 1, strlen(text + above + 1)},
                                   &below) &&
             rational_divide(arena, *factor, below, factor)));
}

/* What "cm" is raised to in "cm squared". */
static int take_power(Text text, size_t *at) {
    static const Text WORDS[] = {{" squared", 8}, {" cubed", 6}};
    for (size_t i = 0; i < COUNT(WORDS); i++) {
        const Text rest = {text.data + *at, text.size - *at};
        if (!text_starts(rest, WORDS[i])) continue;
        *at += WORDS[i].size;
        return (int)i + 2;
    }
    return 1;
}

/* "square cm", "m/s^2", "kg*m s^-2": words with powers, a slash before each divisor. */
Unit unit_parse(Arena *arena, Text text) {
    Unit unit = {.known = true};
    int next_power = 1;
    size_t at = 0;
    if (!rational_from_int64(arena, 1, &unit.factor)) return (Unit){.known = false};
    while (at < text.size) {
        bool divides = false;
        while (at < text.size &&
               (text.data[at] == ' ' || text.data[at] == '*' || text.data[at] == '/')) {
            divides |= text.data[at++] == '/';
        }
        size_t end = at;
        while (end < text.size && strchr(" */^", text.data[end]) == NULL) end++;
        const Text word = {text.data + at, end - at};
        int power = 1;
        if (end < text.size && text.data[end] == '^') {
            const bool negative = end + 1 < text.size && text.data[end + 1] == '-';
            end += negative ? 2 : 1;
            for (power = 0; end < text.size && text.data[end] >= '0' && text.data[end] <= '9';
                 end++) {
                power = 10 * power + (text.data[end] - '0');
            }
            if (negative) power = -power;
        }
        at = end;
        if (word_is(word, "old") && unit.powers[YEAR] == 1) continue; /* 5 years old */
        if (word_is(word, "square") || word_is(word, "sq")) {
            next_power = 2;
            continue;
        }
        if (word_is(word, "cubic") || word_is(word, "cu")) {
            next_power = 3;
            continue;
        }
        if (word_is(word, "unit") || word_is(word, "units")) {
            unit.generic = true; /* of length, where a power tells */
            unit.powers[METER] += (divides ? -1 : 1) * power * next_power;
            next_power = 1;
            continue;
        }
        const Known *known = find_unit(word);
        if (known == NULL || power > 9 || power < -9) return (Unit){.known = false};
        power *= (divides ? -1 : 1) * next_power * take_power(text, &at);
        next_power = 1;
        Rational factor;
        if (!read_factor(arena, known->factor, &factor) ||
            !rational_power(arena, factor, power, &factor) ||
            !rational_multiply(arena, unit.factor, factor, &unit.factor)) {
            return (Unit){.known = false};
        }
        for (int i = 0; i < UNIT_DIMENSIONS; i++) {
            unit.powers[i] +=
                power * (known->dimension < 0 ? known->powers[i] : known->dimension == i);
        }
    }
    return unit;
}

static bool has_dimension(const Unit *unit) {
    for (int i = 0; i < UNIT_DIMENSIONS; i++)
        if (unit->powers[i] != (unit->generic && i == METER)) return true;
    return false;
}

bool units_fit(const Unit *a, const Unit *b) {
    if (a->generic != b->generic) {
        const Unit *generic = a->generic ? a : b;
        if (!has_dimension(generic)) return true;
    }
    if (a->generic && b->generic && has_dimension(a) != has_dimension(b)) {
        const Unit *sized = has_dimension(a) ? a : b; /* "units" may stand for square units */
        for (int i = 0; i < UNIT_DIMENSIONS; i++)
            if (i != METER && sized->powers[i] != 0) return false;
        return true;
    }
    return memcmp(a->powers, b->powers, sizeof a->powers) == 0;
}

/* The one base unit that is measured, to the first power; -1 if there is none. */
static int only_dimension(const Unit *unit) {
    int only = -1;
    for (int i = 0; i < UNIT_DIMENSIONS; i++) {
        if (unit->powers[i] == 0) continue;
        if (only >= 0 || unit->powers[i] != 1) return -1;
        only = i;
    }
    return unit->known && !unit->generic ? only : -1;
}

bool unit_is_time(Arena *arena, Text text) {
    const Unit unit = unit_parse(arena, text);
    return only_dimension(&unit) == SECOND;
}

bool unit_subdivides(Arena *arena, Text larger, Text smaller, Rational *share) {
    const Unit a = unit_parse(arena, larger), b = unit_parse(arena, smaller);
    const int dimension = only_dimension(&a);
    return (dimension == SECOND || dimension == METER || dimension == KILOGRAM) &&
           only_dimension(&b) == dimension && rational_compare(b.factor, a.factor) < 0 &&
           rational_divide(arena, b.factor, a.factor, share);
}

bool unit_same_name(Text a, Text b) { return name_equal(a, b) || name_equal(b, a); }
