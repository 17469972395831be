// A 3x3 convolution with 4 instead of 9 multiplications for each output: Winograd's F(2x2, 3x3),
// as Lavin and Gray (2016, Fast Algorithms for Convolutional Neural Networks, section 4.1) give it.
//
// Tiles of 2x2 outputs are computed from the 4x4 inputs that they depend on. Inputs and weights are
// brought into 16 points each, in which the convolution is a product; the outputs are brought back.
#pragma once

#include "kernel.hpp"

namespace paribus {

class Winograd {
  public:
    Winograd(Shape from, Shape to, int pad_y, int pad_x)
        : from_(from), to_(to), pad_y_(pad_y), pad_x_(pad_x),
          weights_(size_t(POINTS) * from.channels * to.channels),
          inputs_(size_t(POINTS) * from.channels * BLOCK), products_(size_t(POINTS) * TILE * BLOCK),
          zeros_(std::max(size_t(from.channels) * BLOCK, size_t(to.channels))) {}

    // `weight(output, place of the kernel, channel)`
    template <class F>
    void take_weights(F weight) {
        constexpr float BY[4][3] = {{1, 0, 0}, {0.5f, 0.5f, 0.5f}, {0.5f, -0.5f, 0.5f}, {0, 0, 1}};
        pack(weights_, to_.channels, POINTS, from_.channels, [&](int o, int point, int channel) {
            float total = 0;
            for (int place = 0; place < 9; place++)
                total +=
                    BY[point / 4][place / 3] * BY[point % 4][place % 3] * weight(o, place, channel);
            return total;
        });
    }

    // Outputs begin with the bias; without one, with what is there.
    void convolve(const float *inputs, const float *bias, float *outputs) {
        for (int y = 0; y < to_.height; y += 2)
            for (int x = 0; x < to_.width; x += 2) {
                bring_inputs(inputs, y - pad_y_, x - pad_x_);
                each_part<TILE>(to_.channels, [&](auto size, int first) {
                    const ptrdiff_t weights = ptrdiff_t{from_.channels} * size;
                    multiply_along<1, size>({inputs_, weights_ + first * POINTS * from_.channels,
                                             BLOCK, size, 0, 0, from_.channels, 1},
                                            {zeros_, products_, ptrdiff_t{from_.channels} * BLOCK,
                                             size * BLOCK, weights, POINTS});
                    bring_back(size, bias ? bias + first : nullptr, outputs, y, x, first);
                });
            }
    }

  private:
    static constexpr int POINTS = 16;

    void bring_inputs(const float *inputs, int top, int left) {
        const float *pixels[4][4];
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 4; x++) {
                const bool inside = top + y >= 0 && top + y < from_.height && left + x >= 0 &&
                                    left + x < from_.width;
                pixels[y][x] = inside ? inputs + from_.at(top + y, left + x) : +zeros_;
            }
        for (int n = 0; n < from_.channels * BLOCK; n += LANES) {
            Vec rows[4][4];
            for (int x = 0; x < 4; x++) {
                Vec column[4];
                for (int y = 0; y < 4; y++) column[y] = load(pixels[y][x] + n);
                rows[0][x] = column[0] - column[2];
                rows[1][x] = column[1] + column[2];
                rows[2][x] = column[2] - column[1];
                rows[3][x] = column[1] - column[3];
            }
            for (int y = 0; y < 4; y++) {
                const Vec *row = rows[y];
                const Vec points[4] = {row[0] - row[2], row[1] + row[2], row[2] - row[1],
                                       row[1] - row[3]};
                for (int x = 0; x < 4; x++)
                    store(inputs_ + (y * 4 + x) * from_.channels * BLOCK + n, points[x]);
            }
        }
    }

    void bring_back(int size, const float *bias, float *outputs, int y, int x, int first) {
        for (int n = 0; n < size * BLOCK; n += LANES) {
            Vec rows[2][4];
            for (int column = 0; column < 4; column++) {
                Vec its[4];
                for (int row = 0; row < 4; row++)
                    its[row] = load(products_ + (row * 4 + column) * size * BLOCK + n);
                rows[0][column] = its[0] + its[1] + its[2];
                rows[1][column] = its[1] - its[2] - its[3];
            }
            for (int row = 0; row < std::min(2, to_.height - y); row++) {
                const Vec *its = rows[row];
                const Vec both[2] = {its[0] + its[1] + its[2], its[1] - its[2] - its[3]};
                for (int column = 0; column < std::min(2, to_.width - x); column++) {
                    float *to = outputs + to_.at(y + row, x + column, first) + n;
                    store(to, both[column] + (bias ? every(bias[n / BLOCK]) : load(to)));
                }
            }
        }
    }

    Shape from_, to_;
    int pad_y_, pad_x_;
    Buffer weights_;            // [tile of outputs][point][channel][output of the tile]
    Buffer inputs_, products_;  // of one tile: [point][channel or output][image]
    Buffer zeros_;
};

}  // namespace paribus
