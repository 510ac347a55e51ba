/* How many n-grams of words a text has, and how many distinct ones.
 *
 * The text is folded: lower case, one kind of white space, space around every character that is a
 * word of its own. Then words are what stands between spaces, found 64 bytes at a time. A word is
 * known by a hash of 64 bits and so is an n-gram: that two different ones among a million share one
 * has a chance below one in ten million, and would only make the text look more repetitive. */
#include "core.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BLOCK = 64 }; /* the folded text is readable this many bytes past its end */

#define EACH_BYTE(byte) (0x0101010101010101u * (byte))

/* ---- folding ------------------------------------------------------------------------------- */

/* Beyond ASCII, what str.split() of Python splits at. */
static inline bool is_wide_space(uint32_t character) {
    if (character < 0x1680) return character == 0x85 || character == 0xA0;
    return character == 0x1680 || (character >= 0x2000 && character <= 0x200A) ||
           character == 0x2028 || character == 0x2029 || character == 0x202F ||
           character == 0x205F || character == 0x3000;
}

/* Thai, Lao, Myanmar, Khmer; kana and Chinese characters. Not Hangul, which has spaces. */
static inline bool is_written_without_spaces(uint32_t character) {
    if (character < 0x0E00) return false;
    return (character >= 0x4E00 && character < 0xA000) || character < 0x0F00 ||
           (character >= 0x1000 && character < 0x10A0) ||
           (character >= 0x1780 && character < 0x1800) ||
           (character >= 0x2E80 && character < 0x3000) ||
           (character >= 0x3040 && character < 0x3130) ||
           (character >= 0x31A0 && character < 0x4E00) ||
           (character >= 0xF900 && character < 0xFB00) ||
           (character >= 0xFF66 && character < 0xFFA0) ||
           (character >= 0x20000 && character < 0x40000);
}

static uint64_t lower_eight(uint64_t ascii) {
    const uint64_t from_a = ascii + EACH_BYTE(0x80 - 'A'), past_z = ascii + EACH_BYTE(0x7F - 'Z');
    return ascii | (from_a & ~past_z & EACH_BYTE(0x80)) >> 2;
}

/* Decodes as text_decode does; what there is most of without a call. */
static inline uint32_t decode(Text text, size_t at, size_t *length) {
    const unsigned char *byte = (const unsigned char *)text.data + at;
    const size_t left = text.size - at;
    if (left >= 2 && byte[0] >= 0xC2 && byte[0] < 0xE0 && (byte[1] & 0xC0) == 0x80) {
        *length = 2;
        return (byte[0] & 0x1Fu) << 6 | (byte[1] & 0x3Fu);
    }
    if (left >= 3 && byte[0] > 0xE0 && byte[0] < 0xF0 && (byte[1] & 0xC0) == 0x80 &&
        (byte[2] & 0xC0) == 0x80) {
        *length = 3;
        return (byte[0] & 0x0Fu) << 12 | (byte[1] & 0x3Fu) << 6 | (byte[2] & 0x3Fu);
    }
    return text_decode(text, at, length);
}

/* Folds the character at `at` and returns how many bytes it took. */
static inline size_t fold_wide(Text text, size_t at, char **out) {
    size_t length;
    const uint32_t character = decode(text, at, &length);
    if (is_written_without_spaces(character)) {
        *(*out)++ = ' ';
        for (size_t i = 0; i < length; i++) *(*out)++ = text.data[at + i];
        *(*out)++ = ' ';
    } else if (is_wide_space(character)) {
        *(*out)++ = ' ';
    } else {
        const uint32_t lower = character_lower(character);
        if (lower != character)
            *out += text_encode(lower, *out);
        else /* also a broken byte: kept as it is */
            for (size_t i = 0; i < length; i++) *(*out)++ = text.data[at + i];
    }
    return length;
}

/* Folds up to 16 bytes of ASCII, small Cyrillic and small accented Latin letters, up to any other
 * character, and returns how many. Reads 17 bytes and writes 16. */
static inline size_t fold_sixteen(const char *data, char *out) {
#ifdef __SSE2__
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)data);
    const __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(data + 1));
    const __m128i lead = _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8((char)0xC0)), bytes);
    size_t count = 16;
    if (_mm_movemask_epi8(lead) != 0) {
        const __m128i row = _mm_and_si128(next, _mm_set1_epi8((char)0xE0));
        const __m128i half = _mm_and_si128(next, _mm_set1_epi8((char)0xF0));
        const __m128i small = _mm_or_si128(
            _mm_or_si128(_mm_and_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)0xD0)), /* а-п */
                                       _mm_cmpeq_epi8(half, _mm_set1_epi8((char)0xB0))),
                         _mm_and_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)0xD1)), /* р-џ */
                                       _mm_cmpeq_epi8(row, _mm_set1_epi8((char)0x80)))),
            _mm_and_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)0xC3)), /* à-ÿ */
                          _mm_cmpeq_epi8(row, _mm_set1_epi8((char)0xA0))));
        const unsigned other = (unsigned)_mm_movemask_epi8(_mm_andnot_si128(small, lead));
        if (other != 0) count = (size_t)__builtin_ctz(other);
    }
    const __m128i from_a = _mm_sub_epi8(bytes, _mm_set1_epi8('A'));
    const __m128i capital = _mm_cmpeq_epi8(_mm_min_epu8(from_a, _mm_set1_epi8(25)), from_a);
    const __m128i lower = _mm_or_si128(bytes, _mm_and_si128(capital, _mm_set1_epi8(0x20)));
    _mm_storeu_si128((__m128i *)(void *)out, lower);
    return count;
#else
    (void)data, (void)out;
    return 0;
#endif
}

/* Chinese characters, each a word of its own: how many bytes. */
static inline size_t fold_chinese(Text text, size_t at, char **out) {
    const size_t start = at;
    for (; text.size - at >= 3; at += 3) {
        const unsigned char *byte = (const unsigned char *)text.data + at;
        if (byte[0] < 0xE4 || byte[0] > 0xE9 || (byte[1] & 0xC0) != 0x80 ||
            (byte[2] & 0xC0) != 0x80)
            break;
        if (at == start) *(*out)++ = ' ';
        memcpy(*out, byte, 3);
        (*out)[3] = ' ';
        *out += 4;
    }
    return at - start;
}

/* At most twice the bytes. */
static size_t fold(Text text, char *folded) {
    char *out = folded;
    size_t at = 0;
    while (at < text.size) {
        uint64_t bytes;
        const size_t folded_at_once = text.size - at > 16 ? fold_sixteen(text.data + at, out) : 0;
        if (folded_at_once > 0) {
            out += folded_at_once;
            at += folded_at_once;
        } else if (text.size - at >= 8 && (memcpy(&bytes, text.data + at, 8), true) &&
                   (bytes & EACH_BYTE(0x80)) == 0) {
            bytes = lower_eight(bytes);
            memcpy(out, &bytes, 8);
            out += 8;
            at += 8;
        } else if ((unsigned char)text.data[at] < 0x80) {
            const char byte = text.data[at++];
            *out++ = byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
        } else {
            const size_t chinese = fold_chinese(text, at, &out);
            at += chinese > 0 ? chinese : fold_wide(text, at, &out);
        }
    }
    return (size_t)(out - folded);
}

/* ---- words --------------------------------------------------------------------------------- */

/* Which of the 64 bytes are white space: bit i for byte i. */
static uint64_t find_spaces(const char *data) {
    uint64_t spaces = 0;
#ifdef __SSE2__
    for (unsigned i = 0; i < BLOCK; i += 16) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(data + i));
        const __m128i from_tab = _mm_sub_epi8(bytes, _mm_set1_epi8(9));
        const __m128i from_28 = _mm_sub_epi8(bytes, _mm_set1_epi8(28));
        const __m128i found =
            _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(from_tab, _mm_set1_epi8(13 - 9)), from_tab),
                         _mm_cmpeq_epi8(_mm_min_epu8(from_28, _mm_set1_epi8(32 - 28)), from_28));
        spaces |= (uint64_t)(unsigned)_mm_movemask_epi8(found) << i;
    }
#else
    for (unsigned i = 0; i < BLOCK; i++) {
        const unsigned char byte = (unsigned char)data[i];
        const bool space = (byte >= 9 && byte <= 13) || (byte >= 28 && byte <= 32);
        spaces |= (uint64_t)space << i;
    }
#endif
    return spaces;
}

static const uint64_t BASE = 0xF1357AEA2E62A9C5u; /* of the rolling hash, modulo 2^64 */

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return (hash ^ hash >> 32) * 0xD6E8FEB86659FD93u;
}

/* Eight bytes, of which the first `size` count. */
static uint64_t load(const char *data, size_t size) {
    static const unsigned char KEEP[16] = {255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t bytes, keep;
    memcpy(&bytes, data, 8);
    memcpy(&keep, KEEP + 8 - size, 8);
    return bytes & keep;
}

static uint64_t hash_word(const char *data, size_t size) {
    uint64_t hash = size;
    for (; size > 16; data += 8, size -= 8) hash = mix(hash, load(data, 8));
    const size_t first = size < 8 ? size : 8;
    return mix(hash + load(data + 8, size - first) * BASE, load(data, first));
}

/* Hashes every word and returns how many there are. */
static size_t hash_words(Text text, uint64_t *hashes) {
    size_t count = 0, start = 0;
    bool inside = false; /* a word that began in an earlier block */
    for (size_t base = 0; base < text.size; base += BLOCK) {
        const uint64_t spaces = find_spaces(text.data + base);
        uint64_t edges = ~spaces ^ (~spaces << 1 | inside); /* where words begin and end */
        for (; edges != 0; edges &= edges - 1) {
            const size_t at = base + (size_t)__builtin_ctzll(edges);
            if (inside) hashes[count++] = hash_word(text.data + start, at - start);
            start = at;
            inside = !inside;
        }
    }
    return count;
}

/* ---- n-grams ------------------------------------------------------------------------------- */

/* Counts the distinct runs of `size` words. */
static bool count_runs(Arena *arena, const uint64_t *words, size_t count, size_t size,
                       Ngrams *result) {
    *result = (Ngrams){0};
    if (count < size) return true;
    const size_t total = count - size + 1;
    unsigned bits = 4;
    while ((size_t)1 << bits < 3 * total) bits++;
    const size_t mask = ((size_t)1 << bits) - 1;
    uint64_t *table = arena_take(arena, (mask + 1) * sizeof *table); /* 0 is an empty slot */
    if (table == NULL) return false;
    memset(table, 0, (mask + 1) * sizeof *table);
    uint64_t rolling = 0, leaving = 1; /* BASE to the power of size - 1 */
    for (size_t i = 1; i < size; i++) {
        rolling = rolling * BASE + words[i - 1];
        leaving *= BASE;
    }
    for (size_t start = 0; start < total; start++) {
        rolling = rolling * BASE + words[start + size - 1];
        const uint64_t hash = mix(0, rolling) | 1;
        size_t slot = hash >> (64 - bits);
        while (table[slot] != 0 && table[slot] != hash) slot = (slot + 1) & mask;
        result->distinct += table[slot] == 0;
        table[slot] = hash;
        rolling -= words[start] * leaving;
    }
    result->total = total;
    return true;
}

bool ngrams_count(Arena *arena, Text text, size_t size, Ngrams *result) {
    if (text.size > SIZE_MAX / 16) return false;
    char *folded = arena_take(arena, 2 * text.size + BLOCK);
    if (folded == NULL) return false;
    const Text all = {folded, fold(text, folded)};
    memset(folded + all.size, ' ', BLOCK); /* it ends the last word */
    uint64_t *words = arena_take(arena, (all.size / 2 + 1) * sizeof *words);
    return words != NULL &&
           count_runs(arena, words, hash_words((Text){folded, all.size + 1}, words), size, result);
}
