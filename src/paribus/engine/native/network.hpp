// A network: its stages, in groups through which a block goes at once.
//
// Batch normalization needs something of the whole batch: on the way forward the inputs' mean and
// variance, on the way back two sums. So a group ends before each of its stages, and all blocks
// pass through a group before the first one enters the next. The last group turns round: a block
// goes through it forward and back while it is in the cache.
#pragma once

#include <algorithm>

#include "activation.hpp"
#include "dropout.hpp"
#include "loss.hpp"
#include "pooled.hpp"

namespace paribus {

// Images as they come: [image][channel][row][column], of floats.
struct Images {
    const float *pixels;
    int count;
    const float *const *dropout;  // factors of each of its stages, in blocks
    // What they are to be classified as: labels, or [image][class], weighted and divided as for
    // the batch's mean; then the logarithms of what the network says are written, in this order.
    const int64_t *labels;
    const float *targets;
    float *log_probabilities;
};

class Network {
  public:
    // For batches of at most `batch` images.
    Network(const Description *stages, int count, int batch) : from_(stages[0].from) {
        int turn = -1;  // from the stage behind it on, a block goes forward and back at once
        for (int n = 0; n < count; n++)
            if (stages[n].normalized()) turn = n;
        for (int n = 0; n < count; n++) {
            const int blocks = n <= turn ? blocks_of(batch) : 1;
            values_.emplace_back(stages[n].from, blocks);
            gradients_.emplace_back(stages[n].from,
                                    n > 0 && stages[n - 1].normalized() ? blocks_of(batch) : 1);
            add(stages[n], n, blocks);
            if (!stages[n].learned.weight && learns_ == n) learns_++;
        }
        values_.emplace_back(stages[count - 1].to, 1);
        gradients_.emplace_back(stages[count - 1].to, turn == count - 1 ? blocks_of(batch) : 1);
        classes_ = stages[count - 1].to.size();
        filled_up_ = Buffer(size_t(BLOCK) * from_.size());
    }

    // What the last stage says in evaluation mode: [image][class].
    void answer(Images images, float *answers) {
        for (auto &stage : stages_) stage->prepare(false);
        for (int block = 0; block < blocks_of(images.count); block++) {
            forward(images, block, 0, last(), false);
            for (int image = 0; image < in_block(images, block); image++)
                for (int c = 0; c < classes_; c++)
                    *answers++ = values_.back().of(block)[c * BLOCK + image];
        }
    }

    // The mean cross entropy of a batch by its labels, 0 without them; leaves the gradients where
    // the descriptions say.
    double learn(Images images) {
        const int blocks = blocks_of(images.count);
        for (auto &stage : stages_) stage->prepare(true);
        for (size_t n = 0; n < dropouts_.size(); n++) dropouts_[n]->take(images.dropout[n]);
        int begin = 0;
        for (const auto &[n, normalization] : normalizations_) {
            for (int block = 0; block < blocks; block++) {
                forward(images, block, begin, n, true);
                normalization->observe(block, values_[n].of(block));
            }
            normalization->settle_forward(images.count);
            begin = n;
        }
        double loss = 0;
        size_t left = normalizations_.size();
        for (int block = 0; block < blocks; block++) {
            forward(images, block, begin, last(), true);
            loss += judge(images, block);
            backward(block, last(), left);
        }
        while (left-- > 0) {
            normalizations_[left].second->settle_backward();
            for (int block = 0; block < blocks; block++)
                backward(block, normalizations_[left].first + 1, left);
        }
        for (auto &stage : stages_) stage->finish();
        return loss / images.count;
    }

  private:
    static int blocks_of(int images) { return (images + BLOCK - 1) / BLOCK; }
    static int in_block(const Images &images, int block) {
        return std::min(images.count - block * BLOCK, BLOCK);
    }
    int last() const { return int(stages_.size()); }

    void add(const Description &its, int n, int blocks) {
        auto put = [&](auto *stage) {
            stages_.emplace_back(stage);
            return stage;
        };
        switch (its.kind) {
            case Kind::convolution: put(new Convolution(its)); break;
            case Kind::pooled_convolution: put(new PooledConvolution(its, blocks)); break;
            case Kind::dropout: dropouts_.push_back(put(new Dropout(its.from))); break;
            case Kind::activation:
                auto *stage = put(new Activation(its, blocks));
                if (its.normalized()) normalizations_.emplace_back(n, stage);
        }
    }

    // Through the stages from `begin` to before `end`.
    void forward(const Images &images, int block, int begin, int end, bool training) {
        if (begin == 0) enter(images, block);
        for (int n = begin; n < end; n++)
            stages_[n]->forward(block, values_[n].of(block), values_[n + 1].of(block), training);
    }

    // Back through the stages before `end`, down to behind the normalization before.
    void backward(int block, int end, size_t normalizations) {
        const int begin =
            normalizations > 0 ? normalizations_[normalizations - 1].first + 1 : learns_;
        for (int n = end; n-- > std::max(begin, learns_);)
            stages_[n]->backward(block, values_[n].of(block), gradients_[n + 1].of(block),
                                 n == learns_ ? nullptr : gradients_[n].of(block));
        if (normalizations > 0)
            normalizations_[normalizations - 1].second->reckon(block, gradients_[begin].of(block));
    }

    // A block's images, from torch's order to ours.
    void enter(const Images &images, int block) {
        const int here = in_block(images, block), size = from_.size();
        const float *pixels = images.pixels + ptrdiff_t{block} * BLOCK * size;
        if (here < BLOCK) {  // filled up with zeros
            filled_up_.clear();
            std::memcpy(filled_up_, pixels, sizeof(float) * here * size);
            pixels = filled_up_;
        }
        for (int c = 0; c < from_.channels; c++)
            for (int n = 0; n < from_.positions(); n += BLOCK)
                transpose(pixels + c * from_.positions() + n, size,
                          values_[0].of(block) + (ptrdiff_t{n} * from_.channels + c) * BLOCK,
                          from_.channels * BLOCK, BLOCK, from_.positions() - n);
    }

    // The sum of a block's cross entropies, and the gradients of the batch's loss.
    double judge(const Images &images, int block) {
        const float *logits = values_.back().of(block);
        float *gradients = gradients_.back().of(block);
        std::memset(gradients, 0, sizeof(float) * classes_ * BLOCK);
        double loss = 0;
        for (int image = 0; image < in_block(images, block); image++) {
            float largest = logits[image];
            for (int c = 1; c < classes_; c++)
                largest = std::max(largest, logits[c * BLOCK + image]);
            double total = 0;
            for (int c = 0; c < classes_; c++)
                total += std::exp(double(logits[c * BLOCK + image]) - largest);
            const Softmax its{logits + image, gradients + image, largest, total, classes_};
            const ptrdiff_t number = block * BLOCK + image;
            if (images.targets)
                its.follow(images.targets + number * classes_,
                           images.log_probabilities + number * classes_);
            else
                loss += its.follow(images.labels[number], images.count);
        }
        return loss;
    }

    Shape from_;
    int classes_, learns_ = 0;
    std::vector<std::unique_ptr<Stage>> stages_;
    std::vector<PerBlock<float>> values_,
        gradients_;  // before the first stage, ..., behind the last
    std::vector<std::pair<int, Activation *>> normalizations_;
    std::vector<Dropout *> dropouts_;
    Buffer filled_up_;
};

}  // namespace paribus
