// What follows a layer, as one stage: [batch normalisation], [ReLU], [max pooling], in this order.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "stage.hpp"

namespace paribus {

// Batch normalisation (Ioffe and Szegedy 2015, algorithm 1); weight and bias are gamma and beta.
struct Normalisation {
    Learned learned;
    float *running_mean, *running_variance;  // null: there is none
    double epsilon, momentum;
};

struct Pooling {
    int height, width, stride_y, stride_x, pad_y, pad_x;
};

class Activation : public Stage {
  public:
    Activation(Shape from, Shape to, Normalisation norm, bool relu, Pooling pool, int blocks)
        : from_(from), to_(to), norm_(norm), normalised_(norm.running_mean), relu_(relu),
          pool_(pool), channels_(from.channels, {1, 0, 0, 0, 0, 0}), winners_(to, blocks),
          peaks_(normalised_ ? to : Shape{}, blocks),
          moments_({2 * from.channels, 1, 1}, normalised_ ? blocks : 1),
          sums_(size_t(from.channels) * 2 * LANES) {}

    void prepare(bool training) override {
        sums_.clear();
        for (int c = 0; normalised_ && !training && c < from_.channels; c++)
            normalise_by(c, norm_.running_mean[c], norm_.running_variance[c]);
    }

    // ---- before `forward`: mean and variance of every channel in the batch ----------------------

    // Of each image: its mean and its squared differences from it.
    void observe(int block, const float *inputs) {
        const float count = float(from_.positions());
        for (int c = 0; c < from_.channels; c++)
            for (int i = 0; i < BLOCK; i += LANES) {
                // Differences to the first value: a large mean must not drown a small variance.
                const float *x = inputs + c * BLOCK + i;
                const Vec first = load(x);
                Vec total{}, squares{};
                for (int n = 0; n < from_.positions(); n++, x += from_.at(0, 1)) {
                    const Vec difference = load(x) - first;
                    total += difference;
                    squares += difference * difference;
                }
                float *to = moments_.of(block) + c * 2 * BLOCK + i;
                store(to, first + total / count);
                store(to + BLOCK, squares - total * total / count);
            }
    }

    // Images put together: Chan, Golub and LeVeque 1983, equation 2.1.
    void settle_forward(int images) {
        images_ = images;
        const double n = from_.positions(), all = n * images;
        for (int c = 0; c < from_.channels; c++) {
            auto its = [&](int image) { return moments_.of(image / BLOCK) + c * 2 * BLOCK + image % BLOCK; };
            double mean = 0, squares = 0;
            for (int image = 0; image < images; image++) mean += *its(image) / images;
            for (int image = 0; image < images; image++)
                squares += its(image)[BLOCK] + n * (*its(image) - mean) * (*its(image) - mean);
            normalise_by(c, mean, squares / all);
            auto run = [&](float &kept, double now) { kept += float(norm_.momentum * (now - kept)); };
            run(norm_.running_mean[c], mean);
            run(norm_.running_variance[c], squares / (all - 1));
        }
    }

    void forward(int block, const float *inputs, float *outputs, bool) override {
        for (int y = 0; y < to_.height; y++)
            for (int x = 0; x < to_.width; x++)
                for (int c = 0; c < to_.channels; c++)
                    for (int i = 0; i < BLOCK; i += LANES) {
                        const ptrdiff_t place = to_.at(y, x, c) + i;
                        const Channel &its = channels_[c];
                        Vec best = every(-std::numeric_limits<float>::infinity()), peak{};
                        Mask winner{};
                        each_position(y, x, [&](int number, ptrdiff_t pixel) {
                            const Vec input = load(inputs + pixel + c * BLOCK + i);
                            const Vec value = input * its.scale + its.shift;
                            // What isn't a number wins, and stays: a loss must show it.
                            const Mask larger = (value > best) | (value != value);
                            best = larger ? value : best;
                            peak = larger ? input : peak;
                            winner = larger ? Mask{} + number : winner;
                        });
                        const Mask dead = relu_ ? best <= 0 : Mask{};
                        store(outputs + place, dead ? Vec{} : best);
                        store(winners_.of(block) + place, dead ? Mask{} - 1 : winner);
                        if (normalised_) store(peaks_.of(block) + place, peak);
                    }
    }

    // ---- before `backward`: the sums that every input's gradient depends on ---------------------

    void reckon(int block, const float *gradients) {
        const int32_t *winners = winners_.of(block);
        const float *peaks = peaks_.of(block);
        for (int n = 0; n < to_.size() * BLOCK; n += LANES) {
            const int c = n / BLOCK % to_.channels;
            float *sums = sums_ + c * 2 * LANES;
            const Vec gradient = load(winners + n) < 0 ? Vec{} : load(gradients + n);
            store(sums, load(sums) + gradient);
            store(sums + LANES, load(sums + LANES) + gradient * (load(peaks + n) - channels_[c].mean));
        }
    }

    void settle_backward() {
        const double all = double(from_.positions()) * images_;
        for (int c = 0; c < from_.channels; c++) {
            Channel &its = channels_[c];
            const double gradient = sum(load(sums_ + c * 2 * LANES));
            const double product = sum(load(sums_ + c * 2 * LANES + LANES)) * its.inverse_deviation;
            norm_.learned.weight_gradient[c] = float(product);
            norm_.learned.bias_gradient[c] = float(gradient);
            // by inputs: scale * (gradient - mean(gradient) - x^ * mean(gradient * x^))
            const double slope = -its.scale * product * its.inverse_deviation / all;
            its.by_value = float(slope);
            its.by_constant = float(-its.scale * gradient / all);
        }
    }

    void backward(int block, const float *inputs, const float *gradients, float *by_inputs) override {
        if (!by_inputs) return;
        int filled = 0;  // rows; those of the next windows are filled just before, while they're near
        for (int y = 0; y < to_.height; y++) {
            const int seen = y * pool_.stride_y - pool_.pad_y + pool_.height;
            const int end = y + 1 == to_.height ? from_.height : std::min(seen, from_.height);
            for (; filled < end; filled++) fill(block, inputs, by_inputs, filled);
            for (int x = 0; x < to_.width; x++)
                each_position(y, x, [&](int number, ptrdiff_t pixel) {
                    const int32_t *winners = winners_.of(block) + to_.at(y, x);
                    const float *its = gradients + to_.at(y, x);
                    float *to = by_inputs + pixel;
                    for (int n = 0; n < to_.channels * BLOCK; n += LANES) {
                        const Vec gradient = load(its + n) * channels_[n / BLOCK].scale;
                        store(to + n, load(to + n) + (load(winners + n) == number ? gradient : Vec{}));
                    }
                });
        }
    }

  private:
    // values = inputs * scale + shift; by inputs: (inputs - mean) * by_value + by_constant, and
    // gradient * scale where there is one.
    struct Channel {
        float scale, shift, mean, by_value, by_constant;
        double inverse_deviation;
    };

    void normalise_by(int c, double mean, double variance) {
        const double inverse = 1 / std::sqrt(variance + norm_.epsilon);
        const double scale = norm_.learned.weight[c] * inverse;
        channels_[c] = {float(scale), float(norm_.learned.bias[c] - mean * scale), float(mean), 0, 0, inverse};
    }

    // f(number in the window, where the pixel begins) for what a window sees of the picture.
    template <class F>
    void each_position(int y, int x, F f) const {
        const int top = y * pool_.stride_y - pool_.pad_y, left = x * pool_.stride_x - pool_.pad_x;
        for (int row = std::max(0, -top); row < std::min(pool_.height, from_.height - top); row++)
            for (int column = std::max(0, -left); column < std::min(pool_.width, from_.width - left); column++)
                f(row * pool_.width + column, from_.at(top + row, left + column));
    }

    // What batch normalisation hands to every position of a row, in each image that there is.
    void fill(int block, const float *inputs, float *by_inputs, int y) {
        const int images = images_ - block * BLOCK;
        for (int n = from_.at(y, 0); n < from_.at(y + 1, 0); n += LANES) {
            const Channel &its = channels_[n / BLOCK % from_.channels];
            Vec value = (load(inputs + n) - its.mean) * its.by_value + its.by_constant;
            for (int lane = 0; normalised_ && images < BLOCK && lane < LANES; lane++)
                if (n % BLOCK + lane >= images) value[lane] = 0;
            store(by_inputs + n, value);
        }
    }

    Shape from_, to_;
    Normalisation norm_;
    bool normalised_, relu_;
    Pooling pool_;
    int images_ = 0;  // of the batch
    std::vector<Channel> channels_;
    PerBlock<int32_t> winners_;  // as the outputs: the number in the window, -1 if dead
    PerBlock<float> peaks_;      // as the outputs: the winners before normalisation
    PerBlock<float> moments_;    // [channel][mean, squared differences][image]
    Buffer sums_;                // [channel][gradients, gradients * (inputs - mean)][lane]
};

}  // namespace paribus
