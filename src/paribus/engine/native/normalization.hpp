// What follows a layer begins with batch normalization, if there is one: Ioffe and Szegedy 2015,
// algorithm 1. Weight and bias are its gamma and beta.
#pragma once

#include <cmath>
#include <vector>

#include "stage.hpp"

namespace paribus {

class Activation : public Stage {
  public:
    Activation(const Description &its, int blocks)
        : from_(its.from), normalized_(its.normalized()), relu_(its.relu),
          channels_(from_.channels, {1, 0, 0, 0, 0, 0}), its_(its),
          moments_({2 * from_.channels, 1, 1}, normalized_ ? blocks : 1),
          sums_(size_t(from_.channels) * 2 * LANES) {}

    void prepare(bool training) override {
        sums_.clear();
        for (int c = 0; normalized_ && !training && c < from_.channels; c++)
            normalize_by(c, its_.running_mean[c], its_.running_variance[c]);
    }

    // ---- before `forward`: mean and variance of every channel in the batch ----------------------

    // Of each image: its mean and its squared differences from it. A row's are found about its own
    // mean, lest what is far from it drown a small variance, and put to those of the rows before.
    void observe(int block, const float *inputs) {
        const float width = float(from_.width);
        for (int y = 0; y < from_.height; y++)
            each_part<SUMS / 2>(from_.channels * PARTS, [&](auto vecs, int first) {
                const float *row = inputs + from_.at(y, 0) + first * LANES;
                Vec means[vecs]{}, squares[vecs]{};
                each_pixel(row, [&](const float *x) {
                    for (int v = 0; v < vecs; v++) means[v] += load(x + v * LANES);
                });
                for (Vec &mean : means) mean /= width;
                each_pixel(row, [&](const float *x) {
                    for (int v = 0; v < vecs; v++) {
                        const Vec difference = load(x + v * LANES) - means[v];
                        squares[v] += difference * difference;
                    }
                });
                for (int v = 0; v < vecs; v++)
                    put_together(moments_.of(block) + (first + v) * 2 * LANES, y, means[v],
                                 squares[v]);
            });
    }

    void settle_forward(int images) {
        images_ = images;
        const double n = from_.positions(), all = n * images;
        for (int c = 0; c < from_.channels; c++) {
            auto its = [&](int image) {
                const int lane = c * BLOCK + image % BLOCK;
                return moments_.of(image / BLOCK) + lane / LANES * 2 * LANES + lane % LANES;
            };
            double mean = 0, squares = 0;
            for (int image = 0; image < images; image++) mean += *its(image) / images;
            for (int image = 0; image < images; image++)
                squares += its(image)[LANES] + n * (*its(image) - mean) * (*its(image) - mean);
            normalize_by(c, mean, squares / all);
            auto run = [&](float &kept, double now) {
                kept = float(kept + its_.momentum * (now - kept));
            };
            run(its_.running_mean[c], mean);
            run(its_.running_variance[c], squares / (all - 1));
        }
    }

    // ---- before `backward`: the sums that every input's gradient depends on ---------------------

    virtual void reckon(int block, const Values &values, float *gradients) = 0;

    void settle_backward() {
        const double all = double(from_.positions()) * images_;
        for (int c = 0; c < from_.channels; c++) {
            Channel &its = channels_[c];
            const double gradient = sum(load(sums_ + c * 2 * LANES));
            const double product = sum(load(sums_ + c * 2 * LANES + LANES)) * its.inverse_deviation;
            its_.learned.weight_gradient[c] = float(product);
            its_.learned.bias_gradient[c] = float(gradient);
            // by inputs: scale * (gradient - mean(gradient) - x^ * mean(gradient * x^))
            const double slope = -its.scale * product * its.inverse_deviation / all;
            its.by_value = float(slope);
            its.by_constant = float(-its.scale * gradient / all);
        }
    }

  protected:
    // values = inputs * scale + shift; by inputs: (inputs - mean) * by_value + by_constant, and
    // gradient * scale where there is one.
    struct Channel {
        float scale, shift, mean, by_value, by_constant;
        double inverse_deviation;

        Vec value(Vec input) const { return input * scale + shift; }
        Vec by_input(Vec input) const { return (input - mean) * by_value + by_constant; }
    };

    // Adds what `reckon` has found in some positions to what it knows of a channel.
    void add_sums(int c, Vec gradients, Vec products) {
        float *sums = sums_ + c * 2 * LANES;
        store(sums, load(sums) + gradients);
        store(sums + LANES, load(sums + LANES) + products);
    }

    // What batch normalization makes of the zeros that fill up the last block is no gradient.
    void clear_missing(int block, float *by_inputs) const {
        const int images = images_ - block * BLOCK;
        for (int n = 0; normalized_ && images < BLOCK && n < from_.size(); n++)
            std::fill(by_inputs + n * BLOCK + images, by_inputs + (n + 1) * BLOCK, 0.0f);
    }

    Shape from_;
    bool normalized_, relu_;
    std::vector<Channel> channels_;

  private:
    template <class F>
    void each_pixel(const float *row, F f) const {
        for (int x = 0; x < from_.width; x++) f(row + from_.at(0, x));
    }

    // A row after `rows` others of as many numbers: Chan, Golub and LeVeque 1983, equation 2.1.
    void put_together(float *moments, int rows, Vec mean, Vec squares) const {
        if (rows > 0) {
            const Vec before = load(moments), difference = mean - before;
            const float share = 1.0f / float(rows + 1);
            mean = before + difference * share;
            squares += load(moments + LANES) +
                       difference * difference * (float(from_.width * rows) * share);
        }
        store(moments, mean);
        store(moments + LANES, squares);
    }

    void normalize_by(int c, double mean, double variance) {
        const double inverse = 1 / std::sqrt(variance + its_.epsilon);
        const double scale = its_.learned.weight[c] * inverse;
        channels_[c] = {float(scale), float(its_.learned.bias[c] - mean * scale), float(mean), 0, 0,
                        inverse};
    }

    Description its_;
    int images_ = 0;           // of the batch
    PerBlock<float> moments_;  // [channel][part of the images][means, squared differences][lane]
    Buffer sums_;              // [channel][gradients, gradients * (inputs - mean)][lane]
};

}  // namespace paribus
