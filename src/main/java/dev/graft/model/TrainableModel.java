package dev.graft.model;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Precision;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A base model on one device with trainable parameters. Created, used and closed on one platform
 * thread.
 *
 * <p>An optimiser step is {@code enqueue} for each micro-batch of the window, then {@code update}.
 */
public interface TrainableModel extends AutoCloseable {
  /** Loads a model in f32 on the CPU, without quantisation and for rows that are not pairs. */
  static TrainableModel load(
      ModelDirectory base, AdapterMethod method, AdamW optimiser, ComputePlan plan, long seed) {
    return load(
        base, new TrainingSetup(method, optimiser, Execution.cpu(Precision.F32, plan), seed));
  }

  /**
   * Copies the base to the device and adds what trains. The directory may be closed afterwards.
   *
   * @throws dev.graft.weights.BadModel if the checkpoint lacks a tensor that its config announces
   * @throws IllegalArgumentException if the method does not fit the base; the message says where
   */
  static TrainableModel load(ModelDirectory base, TrainingSetup recipe) {
    Tuner tuner = Tuner.of(recipe.method(), base);
    return DeviceMemory.open(
        recipe.execution(), memory -> new TrainableTransformer(memory, base, tuner, recipe));
  }

  /**
   * Computes forward and backward and adds the gradient of (summed token loss / divisor) to the
   * gradients, without waiting for the device. {@link #update} reads the losses of its step and
   * fails if one is not finite.
   *
   * @param divisor trained tokens of the whole accumulation window
   * @param dropoutSeed key of the dropout masks; equal keys give equal masks
   */
  PendingLoss enqueue(MicroBatch batch, double divisor, long dropoutSeed);

  /** Calls {@link #enqueue} and waits for the loss. */
  default PendingLoss.TokenLoss accumulate(MicroBatch batch, double divisor, long dropoutSeed) {
    return enqueue(batch, divisor, dropoutSeed).read();
  }

  /**
   * Clips by global norm, makes one AdamW update, zeroes the gradients; returns the norm before
   * clipping.
   *
   * @throws NonfiniteGradients if the norm or a loss is not finite; the model is usable again after
   *     {@link #discard}
   */
  double update(double learningRate);

  /**
   * Lowers the loss scale after gradients that were not finite although the losses were.
   *
   * @return whether the same step may succeed now: in f16 gradients are then scaled half as much
   */
  default boolean lowerLossScale() {
    return false;
  }

  /** Discards the gradients since the last update. */
  void discard();

  /**
   * Returns the method's own addition to the loss of the last update, such as AdaLoRA's orthogonal
   * regulariser; usually 0.
   */
  default double regulariser() {
    return 0;
  }

  /**
   * Returns how a micro-batch is divided if the plan has a budget, which changes numbers only by
   * rounding; null = it is not divided.
   */
  default @Nullable Division division(MicroBatch batch) {
    return null;
  }

  /**
   * The division of a micro-batch into parts that are computed one after the other.
   *
   * @param rows maximum rows, or pairs, of a part
   * @param layers that need activations for backward
   * @param recomputed maximum layers of these that are recomputed
   */
  record Division(int rows, int layers, int recomputed) {}

  /** Returns the loss without dropout and without gradients. */
  PendingLoss.TokenLoss evaluate(MicroBatch batch);

  /**
   * Returns the reference's log-probabilities of pairs, for {@link
   * MicroBatch.PairBatch#measuredFrom}. If the base itself trains, the reference is the model
   * before its first step and no longer available afterwards.
   */
  MicroBatch.PairLogps reference(MicroBatch.PairBatch pairs);

  /**
   * Returns whether the reference changes during training, because PEFT's {@code disable_adapter}
   * leaves trained biases in place. {@link #accumulate} and {@link #evaluate} then compute the
   * reference of pairs in every step.
   */
  default boolean referenceMoves() {
    return false;
  }

  /** Returns logits in f32, [row][position][vocabulary], with zeros for padding. */
  float[][][] logits(int[][] inputIds);

  /**
   * Returns the trainable parameters, by their Hugging Face module path, such as {@code
   * model.layers.0.self_attn.q_proj.lora_A.weight}. The tensors of this list, of {@link #saved} and
   * of {@link #optimizerState} are read at each access; {@link NamedTensor#inMemory} copies one.
   */
  List<NamedTensor> trained();

  /**
   * Returns the tensors of the result's file: those of PEFT's {@code adapter_model.safetensors}, or
   * every parameter of the model after full fine-tuning.
   */
  List<NamedTensor> saved();

  /**
   * Returns the form in which the result is used: {@link #saved}, except that an adapter whose
   * start was subtracted from the base (PiSSA, OLoRA) becomes a plain LoRA for the unchanged base.
   *
   * @param method that was trained
   */
  default Tuner.SavedResult result(AdapterMethod method) {
    return new Tuner.SavedResult(method, saved());
  }

  /**
   * Returns settings of the result's {@code adapter_config.json} that training determined, such as
   * AdaLoRA's {@code rank_pattern}.
   */
  default Map<String, Object> learnedSettings() {
    return Map.of();
  }

  /** Sets trained parameters from the tensors of a result's file: the inverse of {@link #saved}. */
  void loadSaved(List<NamedTensor> saved);

  /**
   * Returns the optimiser state under {@code exp_avg.<name>} and {@code exp_avg_sq.<name>}, and the
   * method's own state; with {@link #updates} this is all that a resume needs.
   */
  List<NamedTensor> optimizerState();

  /** Returns the number of optimiser steps: the t of Adam's bias correction. */
  long updates();

  /**
   * Sets trained parameters, by the names of {@link #trained}; every name must be present with its
   * shape.
   */
  void load(List<NamedTensor> trained);

  /**
   * Restores the results of {@link #trained}, {@link #optimizerState} and {@link #updates},
   * bit-exact.
   */
  void restore(List<NamedTensor> trained, List<NamedTensor> optimizerState, long updates);

  /** Reports the cost of steps to an observer from now on. */
  default void observe(StepObserver observer) {}

  /** Returns the number of trainable scalars. */
  long trainableParameters();

  @Override
  void close();

  /**
   * Thrown when gradients are not finite. No update was made: parameters and their moments are
   * unchanged.
   */
  public static final class NonfiniteGradients extends IllegalStateException {
    /**
     * @param update its number, from 1
     */
    public NonfiniteGradients(long update) {
      super(
          "the gradients are not finite in update %d; a lower learning rate may help"
              .formatted(update));
    }
  }
}
