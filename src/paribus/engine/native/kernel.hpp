// The inner loops that take nearly all of the time.
#pragma once

#include "layout.hpp"

namespace paribus {

// Outputs that one call computes of 16 images.
constexpr int TILE = SUMS / PARTS;

// A number of 16 images each, for several positions and outputs, in registers.
template <int POSITIONS, int OUTPUTS>
struct Sums {
    Vec of[POSITIONS][OUTPUTS][PARTS];
};

// Where a product's factors lie: several rows of taps, and the steps from one to the next.
struct Factors {
    const float *inputs, *weights;
    ptrdiff_t input, weight;          // from tap to tap
    ptrdiff_t input_row, weight_row;  // from row to row
    int taps, rows;
};

// of[p][o] += sum over taps and rows of weights[o] * inputs[p * position + image].
// A function of its own, lest the compiler run out of registers.
template <int POSITIONS, int OUTPUTS>
[[gnu::noinline]] void multiply_add(Sums<POSITIONS, OUTPUTS> &sums, const Factors &its,
                                    ptrdiff_t position = 0) {
    Sums<POSITIONS, OUTPUTS> mine = sums;
    const float *input_row = its.inputs, *weight_row = its.weights;
    const ptrdiff_t input = its.input, weight = its.weight;
    for (int row = 0; row < its.rows; row++, input_row += its.input_row, weight_row += its.weight_row) {
        const float *inputs = input_row, *weights = weight_row;
        for (int t = 0; t < its.taps; t++, inputs += input, weights += weight) {
            Vec x[POSITIONS][PARTS];
#pragma GCC unroll 8
            for (int p = 0; p < POSITIONS; p++)
#pragma GCC unroll 8
                for (int i = 0; i < PARTS; i++) x[p][i] = load(inputs + p * position + i * LANES);
#pragma GCC unroll 32
            for (int o = 0; o < OUTPUTS; o++) {
                const Vec factor = every(weights[o]);
#pragma GCC unroll 8
                for (int p = 0; p < POSITIONS; p++)
#pragma GCC unroll 8
                    for (int i = 0; i < PARTS; i++) mine.of[p][o][i] += factor * x[p][i];
            }
        }
    }
    sums = mine;
}

template <int POSITIONS, int OUTPUTS>
inline void start(Sums<POSITIONS, OUTPUTS> &sums, const float *bias) {
    for (int p = 0; p < POSITIONS; p++)
        for (int o = 0; o < OUTPUTS; o++)
            for (int i = 0; i < PARTS; i++) sums.of[p][o][i] = every(bias[o]);
}

// A number of one image, and where in memory it is multiplied with what.
struct Live {
    float factor;
    int32_t offset;
};

// Registers full of neighbouring numbers, for several rows of them.
template <int ROWS, int VECS>
struct Patch {
    Vec of[ROWS][VECS];
};

// of[r][v] += sum over `live` of factor * numbers[offset * scale + r * row + v * LANES + lane].
template <int ROWS, int VECS>
[[gnu::noinline]] void add_live(Patch<ROWS, VECS> &patch, const Live *live, int count, const float *numbers,
                     ptrdiff_t row, ptrdiff_t scale = 1) {
    Patch<ROWS, VECS> mine = patch;
    for (int n = 0; n < count; n++) {
        const Vec factor = every(live[n].factor);
        const float *from = numbers + live[n].offset * scale;
#pragma GCC unroll 32
        for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 32
            for (int v = 0; v < VECS; v++) mine.of[r][v] += factor * load(from + r * row + v * LANES);
    }
    patch = mine;
}

// A rectangle of rows and vectors, cut into patches that fit into the registers.
struct Patches {
    Tiles vecs, rows;
    Patches(int height, int width)
        : vecs{width, SUMS}, rows{height, SUMS / vecs.size(vecs.tiles() - 1)} {}

    // Calls f(first row, first vector, ROWS, VECS) for each.
    template <class F>
    void each(F f) const {
        for (int v = 0; v < vecs.tiles(); v++)
            for (int r = 0; r < rows.tiles(); r++)
                with_constant<SUMS>(vecs.size(v), [&](auto wide) {
                    with_constant<SUMS / wide>(rows.size(r), [&](auto high) {
                        f(rows.begin(r), vecs.begin(v), high, wide);
                    });
                });
    }
};

}  // namespace paribus
