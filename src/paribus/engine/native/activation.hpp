// What follows a layer, as one stage: [batch normalisation], [ReLU], [max pooling], in this order.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "stage.hpp"

namespace paribus {

// Batch normalisation as in Ioffe and Szegedy 2015, algorithm 1, and its running statistics.
struct Normalisation {
    Learned learned;  // weight and bias: gamma and beta
    float *running_mean, *running_variance;
    double epsilon, momentum;
};

struct Pooling {
    int height, width, stride_y, stride_x, pad_y, pad_x;
};

class Activation : public Stage {
  public:
    Activation(Shape from, Shape to, const Normalisation *normalisation, bool relu, Pooling pool,
               int blocks)
        : from_(from), to_(to), normalised_(normalisation != nullptr), relu_(relu), pool_(pool),
          norm_(normalised_ ? *normalisation : Normalisation{}), scale_(from.channels),
          shift_(from.channels), mean_(from.channels), by_constant_(from.channels),
          by_value_(from.channels), inverse_deviations_(from.channels),
          winners_(to, blocks),
          peaks_(normalised_ ? to : Shape{}, blocks),
          moments_(normalised_ ? size_t(blocks) * from.channels : 0),
          gradient_sums_(size_t(from.channels) * 2 * LANES) {
        for (int c = 0; c < from.channels; c++) scale_[c] = 1;
    }

    bool normalised() const { return normalised_; }

    void prepare(bool training) override {
        gradient_sums_.clear();
        if (normalised_ && !training)
            for (int c = 0; c < from_.channels; c++)
                normalise_by(c, norm_.running_mean[c], norm_.running_variance[c]);
    }

    // ---- before forward, of a batch: mean and variance of every channel ------------------------

    void observe(int block, const float *inputs, int images) {
        const int n = from_.positions(), step = from_.channels * BLOCK;
        for (int c = 0; c < from_.channels; c++) {
            Moments &found = moments_[size_t(block) * from_.channels + c];
            for (int i = 0; i < PARTS; i++) {
                // Differences to the first value: a large mean must not drown a small variance.
                const float *x = inputs + c * BLOCK + i * LANES;
                const Vec first = load(x);
                Vec total{}, squares{};
                for (int position = 0; position < n; position++, x += step) {
                    const Vec difference = load(x) - first;
                    total += difference;
                    squares += difference * difference;
                }
                const float count = static_cast<float>(n);
                store(found.mean + i * LANES, first + total / count);
                store(found.squares + i * LANES, squares - total * total / count);
            }
            found.images = images;
        }
    }

    // Chan, Golub and LeVeque 1983, equation 2.1, for parts of one size.
    void settle_forward(int blocks) {
        const double n = from_.positions();
        for (int c = 0; c < from_.channels; c++) {
            double images = 0, mean = 0, squares = 0;
            each_image(blocks, c, [&](double m, double) { images += 1, mean += m; });
            mean /= images;
            each_image(blocks, c, [&](double m, double s) { squares += s + n * (m - mean) * (m - mean); });
            count_ = images * n;
            normalise_by(c, mean, squares / count_);
            const double momentum = norm_.momentum, variance = squares / (count_ - 1);
            norm_.running_mean[c] = float((1 - momentum) * norm_.running_mean[c] + momentum * mean);
            norm_.running_variance[c] =
                float((1 - momentum) * norm_.running_variance[c] + momentum * variance);
        }
    }

    void forward(int block, const float *inputs, float *outputs, bool) override {
        int8_t *winner = winners_.of(block);
        float *peak = normalised_ ? peaks_.of(block) : nullptr;
        each_output([&](int y, int x, int c, ptrdiff_t place) {
            for (int i = 0; i < PARTS; i++) {
                Vec best = every(-std::numeric_limits<float>::infinity()), raw{};
                Mask code{};
                each_input(y, x, [&](int number, int from_y, int from_x) {
                    const Vec input = load(inputs + from_.at(from_y, from_x, c) + i * LANES);
                    const Vec value = normalised_ ? input * scale_[c] + shift_[c] : input;
                    const Mask larger = (value > best) | (value != value);
                    best = larger ? value : best;
                    raw = larger ? input : raw;
                    code = larger ? Mask{} + number : code;
                });
                if (relu_) {
                    const Mask dead = best <= 0;
                    best = dead ? Vec{} : best;
                    code = dead ? Mask{} - 1 : code;
                }
                store(outputs + place + i * LANES, best);
                if (peak) store(peak + place + i * LANES, raw);
                const Codes codes = __builtin_convertvector(code, Codes);
                std::memcpy(winner + place + i * LANES, &codes, sizeof codes);
            }
        });
    }

    // ---- before backward, of a batch: sums of every channel's gradients -------------------------

    void reckon(int block, const float *gradients) {
        const int8_t *winner = winners_.of(block);
        const float *peak = peaks_.of(block);
        each_output([&](int, int, int c, ptrdiff_t place) {
            float *sums = gradient_sums_ + ptrdiff_t{c} * 2 * LANES;
            for (int i = 0; i < PARTS; i++) {
                const Vec gradient = alive(winner, gradients, place + i * LANES);
                store(sums, load(sums) + gradient);
                store(sums + LANES, load(sums + LANES) +
                                        gradient * (load(peak + place + i * LANES) - mean_[c]));
            }
        });
    }

    void settle_backward() {
        for (int c = 0; c < from_.channels; c++) {
            const float *sums = gradient_sums_ + ptrdiff_t{c} * 2 * LANES;
            const double gradient = sum(load(sums)), product = sum(load(sums + LANES));
            const double deviation = inverse_deviations_[c];
            norm_.learned.weight_gradient[c] = float(product * deviation);
            norm_.learned.bias_gradient[c] = float(gradient);
            // by input: scale * (gradient - mean gradient - x^ * mean (gradient * x^))
            const double slope = -scale_[c] * product * deviation * deviation / count_;
            by_value_[c] = float(slope);
            by_constant_[c] = float(-scale_[c] * gradient / count_ - slope * mean_[c]);
        }
    }

    void backward(int block, const float *inputs, const float *gradients, float *by_inputs) override {
        if (!by_inputs) return;
        const int8_t *winner = winners_.of(block);
        int filled = 0;  // rows; what the next windows need is filled just before, while it's near
        for (int y = 0; y < to_.height; y++) {
            const int end = y + 1 == to_.height ? from_.height : last_row(y);
            for (; filled < end; filled++) fill(block, inputs, by_inputs, filled);
            for (int x = 0; x < to_.width; x++)
                each_input(y, x, [&](int number, int from_y, int from_x) {
                    for (int c = 0; c < from_.channels; c++)
                        add_gradient(winner, gradients, to_.at(y, x, c), number, scale_[c],
                                     by_inputs + from_.at(from_y, from_x, c));
                });
        }
    }

  private:
    // Of one channel in 16 images.
    struct Moments {
        float mean[BLOCK], squares[BLOCK];
        int images;
    };

    template <class F>
    void each_image(int blocks, int c, F f) const {
        for (int block = 0; block < blocks; block++) {
            const Moments &its = moments_[size_t(block) * from_.channels + c];
            for (int image = 0; image < its.images; image++) f(its.mean[image], its.squares[image]);
        }
    }

    template <class F>
    void each_output(F f) const {
        for (int y = 0; y < to_.height; y++)
            for (int x = 0; x < to_.width; x++)
                for (int c = 0; c < to_.channels; c++) f(y, x, c, to_.at(y, x, c));
    }

    // The positions that a window sees, each with its number in the window.
    template <class F>
    void each_input(int y, int x, F f) const {
        for (int row = 0; row < pool_.height; row++) {
            const int from_y = y * pool_.stride_y - pool_.pad_y + row;
            if (from_y < 0 || from_y >= from_.height) continue;
            for (int column = 0; column < pool_.width; column++) {
                const int from_x = x * pool_.stride_x - pool_.pad_x + column;
                if (from_x >= 0 && from_x < from_.width)
                    f(row * pool_.width + column, from_y, from_x);
            }
        }
    }

    int last_row(int y) const {
        const int end = y * pool_.stride_y - pool_.pad_y + pool_.height;
        return end < from_.height ? end : from_.height;
    }

    static Vec alive(const int8_t *winner, const float *gradients, ptrdiff_t place) {
        Codes codes;
        std::memcpy(&codes, winner + place, sizeof codes);
        const Mask dead = __builtin_convertvector(codes, Mask) < 0;
        return dead ? Vec{} : load(gradients + place);
    }

    static void add_gradient(const int8_t *winner, const float *gradients, ptrdiff_t place,
                             int number, float scale, float *to) {
        for (int i = 0; i < PARTS; i++, place += LANES, to += LANES) {
            Codes codes;
            std::memcpy(&codes, winner + place, sizeof codes);
            const Mask won = __builtin_convertvector(codes, Mask) == number;
            const Vec gradient = load(gradients + place) * scale;
            store(to, load(to) + (won ? gradient : Vec{}));
        }
    }

    // A row of what batch normalisation hands to every position of an image; else zeros.
    void fill(int block, const float *inputs, float *by_inputs, int y) {
        const ptrdiff_t row = from_.at(y, 0);
        if (!normalised_) {
            std::memset(by_inputs + row, 0, sizeof(float) * from_.width * from_.channels * BLOCK);
            return;
        }
        const int images = moments_[size_t(block) * from_.channels].images;
        for (int x = 0; x < from_.width; x++)
            for (int c = 0; c < from_.channels; c++)
                for (int i = 0; i < PARTS; i++) {
                    const ptrdiff_t place = from_.at(y, x, c) + i * LANES;
                    Vec value = load(inputs + place) * by_value_[c] + by_constant_[c];
                    if (images < BLOCK) value = first_images(value, images - i * LANES);
                    store(by_inputs + place, value);
                }
    }
    static Vec first_images(Vec value, int images) {
        for (int lane = 0; lane < LANES; lane++)
            if (lane >= images) value[lane] = 0;
        return value;
    }

    void normalise_by(int c, double mean, double variance) {
        inverse_deviations_[c] = 1 / std::sqrt(variance + norm_.epsilon);
        mean_[c] = float(mean);
        scale_[c] = float(norm_.learned.weight[c] * inverse_deviations_[c]);
        shift_[c] = float(norm_.learned.bias[c] - mean * norm_.learned.weight[c] * inverse_deviations_[c]);
    }

    Shape from_, to_;
    bool normalised_, relu_;
    Pooling pool_;
    Normalisation norm_;
    Buffer scale_, shift_, mean_, by_constant_, by_value_;
    std::vector<double> inverse_deviations_;
    double count_ = 0;             // numbers of a channel in a batch
    PerBlock<int8_t> winners_;  // as the outputs: the position in the window, -1 if dead
    PerBlock<float> peaks_;     // the winners' values before normalisation
    std::vector<Moments> moments_;
    Buffer gradient_sums_;  // [channel][gradients, gradients * (inputs - mean)][lane]
};

}  // namespace paribus
