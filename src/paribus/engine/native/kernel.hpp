// The inner loops that take nearly all of the time.
#pragma once

#include <limits>

#include "layout.hpp"

namespace paribus {

// Positions side by side and outputs that are computed at once.
constexpr int SIDE_BY_SIDE = REGISTERS == 32 ? 2 : 1;
constexpr int TILE = SUMS / PARTS / SIDE_BY_SIDE;

// A number of 16 images each, for several positions and outputs, in registers.
template <int POSITIONS, int OUTPUTS>
struct Sums {
    Vec of[POSITIONS][OUTPUTS][PARTS];
};

// Where the factors of a sum of products lie: rows of taps, and the steps between them.
struct Factors {
    const float *inputs, *weights;
    ptrdiff_t input, weight;          // from tap to tap
    ptrdiff_t input_row, weight_row;  // from row to row
    int taps, rows;
};

// The micro-kernel: of[p][o] += sum over rows and taps of weights[o] * inputs[p * position].
// A function of its own, lest the compiler run out of registers where it is called.
template <int POSITIONS, int OUTPUTS>
[[gnu::noinline]] void multiply_add(Sums<POSITIONS, OUTPUTS> &sums, const Factors &its,
                                    ptrdiff_t position = 0) {
    Sums<POSITIONS, OUTPUTS> mine = sums;
    const ptrdiff_t input = its.input, weight = its.weight;
    for (int row = 0; row < its.rows; row++) {
        const float *inputs = its.inputs + row * its.input_row;
        const float *weights = its.weights + row * its.weight_row;
        for (int tap = 0; tap < its.taps; tap++, inputs += input, weights += weight) {
            Vec x[POSITIONS][PARTS];
            for (int p = 0; p < POSITIONS; p++)
                for (int i = 0; i < PARTS; i++) x[p][i] = load(inputs + p * position + i * LANES);
            for (int o = 0; o < OUTPUTS; o++) {
                const Vec factor = every(weights[o]);
                for (int p = 0; p < POSITIONS; p++)
                    for (int i = 0; i < PARTS; i++) mine.of[p][o][i] += factor * x[p][i];
            }
        }
    }
    sums = mine;
}

// Where sums go that are one step after the other in their inputs, and what they begin with: a
// bias, or, without one, what is there.
struct Run {
    const float *bias;
    float *outputs;
    ptrdiff_t input, output, weight;  // from one position to the next
    int count;                        // of steps of POSITIONS each
};

// The micro-kernel along a row.
template <int POSITIONS, int OUTPUTS>
[[gnu::noinline]] void multiply_along(const Factors &its, const Run &run) {
    const ptrdiff_t input = its.input, weight = its.weight;
    const float *start = its.inputs, *start_weights = its.weights;
    float *outputs = run.outputs;
    for (int n = 0; n < run.count; n++) {
        Vec sums[POSITIONS][OUTPUTS][PARTS];
        for (int p = 0; p < POSITIONS; p++)
            for (int o = 0; o < OUTPUTS; o++)
                for (int i = 0; i < PARTS; i++)
                    sums[p][o][i] = run.bias
                                        ? every(run.bias[o])
                                        : load(outputs + p * run.output + o * BLOCK + i * LANES);
        for (int row = 0; row < its.rows; row++) {
            const float *inputs = start + row * its.input_row;
            const float *weights = start_weights + row * its.weight_row;
#pragma GCC unroll 4
            for (int tap = 0; tap < its.taps; tap++, inputs += input, weights += weight) {
                Vec x[POSITIONS][PARTS];
                for (int p = 0; p < POSITIONS; p++)
                    for (int i = 0; i < PARTS; i++)
                        x[p][i] = load(inputs + p * run.input + i * LANES);
                for (int o = 0; o < OUTPUTS; o++) {
                    const Vec factor = every(weights[o]);
                    for (int p = 0; p < POSITIONS; p++)
                        for (int i = 0; i < PARTS; i++) sums[p][o][i] += factor * x[p][i];
                }
            }
        }
        for (int p = 0; p < POSITIONS; p++)
            for (int o = 0; o < OUTPUTS; o++)
                for (int i = 0; i < PARTS; i++)
                    store(outputs + p * run.output + o * BLOCK + i * LANES, sums[p][o][i]);
        start += POSITIONS * run.input;
        start_weights += POSITIONS * run.weight;
        outputs += POSITIONS * run.output;
    }
}

// The largest of several numbers, and which of them it is.
struct Largest {
    Vec value = every(-std::numeric_limits<float>::infinity());
    Mask number{};

    // Whether `other` is larger. What isn't a number wins, and stays: a loss must show it.
    Mask take(Vec other, int its) {
        const Mask larger = (other > value) | (other != other);
        value = larger ? other : value;
        number = larger ? Mask{} + its : number;
        return larger;
    }
};

// Weights as the micro-kernel takes them, [tile of outputs][tap][output of the tile]; there are
// `each` taps at every place of a kernel.
template <class F>
void pack(float *packed, int outputs, int places, int each, F weight) {
    each_part<TILE>(outputs, [&](auto size, int first) {
        for (int place = 0; place < places; place++)
            for (int n = 0; n < each; n++)
                for (int o = 0; o < size; o++) *packed++ = weight(first + o, place, n);
    });
}

// A number of one image, and where in memory lie the numbers that it is multiplied with.
struct Live {
    float factor;
    int32_t offset;
};

// Registers full of neighboring numbers, for several rows of them.
template <int ROWS, int VECS>
struct Patch {
    static constexpr int HEIGHT = ROWS, WIDTH = VECS * LANES, SIZE = HEIGHT * WIDTH;
    Vec of[ROWS][VECS];

    void load_from(const float *from, ptrdiff_t row) {
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < VECS; v++) of[r][v] = load(from + r * row + v * LANES);
    }
    void store_to(float *to, ptrdiff_t row) const {
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < VECS; v++) store(to + r * row + v * LANES, of[r][v]);
    }

    void add_to(float *to, ptrdiff_t row) const {
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < VECS; v++)
                store(to + r * row + v * LANES, load(to + r * row + v * LANES) + of[r][v]);
    }

    // of[r][v] += sum over the live of factor * numbers[offset * scale + r * row + v * LANES].
    [[gnu::noinline]] void add(const Live *live, const Live *end, const float *numbers,
                               ptrdiff_t row, ptrdiff_t scale) {
        Patch mine = *this;
        for (; live < end; live++) {
            const Vec factor = every(live->factor);
            const float *from = numbers + live->offset * scale;
            for (int r = 0; r < ROWS; r++)
                for (int v = 0; v < VECS; v++)
                    mine.of[r][v] += factor * load(from + r * row + v * LANES);
        }
        *this = mine;
    }
};

// Calls f(row, vector, Patch) for the patches of a rectangle of `height` rows x `width` vectors.
template <class F>
void each_patch(int height, int width, F f) {
    each_part<SUMS>(width, [&](auto wide, int vec) {
        each_part<SUMS / wide>(height,
                               [&](auto high, int row) { f(row, vec, Patch<high, wide>{}); });
    });
}

}  // namespace paribus
