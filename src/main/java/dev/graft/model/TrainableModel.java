package dev.graft.model;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Precision;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A base model on one device with the parameters that train. Created, used and closed on one
 * platform thread.
 *
 * <p>An optimiser step is {@code enqueue} for each micro-batch of the window, then {@code update}.
 */
public interface TrainableModel extends AutoCloseable {
  /**
   * Loads a model in f32 on the CPU, of a base that is not quantised and rows that are no pairs.
   */
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
   * Forward and backward: adds the gradient of (summed token loss / divisor) to the gradients. The
   * device is not waited for: {@link #update} reads the losses of its step, and is none where one
   * of them is not finite.
   *
   * @param divisor trained tokens of the whole accumulation window
   * @param dropoutSeed key of the dropout masks; equal keys give equal masks
   */
  PendingLoss enqueue(MicroBatch batch, double divisor, long dropoutSeed);

  /** The same, and waits. */
  default PendingLoss.TokenLoss accumulate(MicroBatch batch, double divisor, long dropoutSeed) {
    return enqueue(batch, divisor, dropoutSeed).read();
  }

  /**
   * Clips by global norm, makes one AdamW update, zeroes the gradients; returns the norm before
   * clipping.
   *
   * @throws NonfiniteGradients if that or a loss is not finite; {@link #discard} then makes the
   *     model usable
   */
  double update(double learningRate);

  /**
   * After gradients that were not finite, though the losses were.
   *
   * @return whether the same step may have finite ones now: in f16, gradients are computed half as
   *     large
   */
  default boolean lowerLossScale() {
    return false;
  }

  /** Forgets what {@link #enqueue} has added since the last update. */
  void discard();

  /**
   * What the method itself added to the loss of the window before the last update, such as
   * AdaLoRA's orthogonal regulariser; mostly 0.
   */
  default double regulariser() {
    return 0;
  }

  /**
   * How {@link #accumulate} computes a micro-batch where its plan has a budget, which changes no
   * number but by rounding; null = as the plan says.
   */
  default @Nullable Division division(MicroBatch batch) {
    return null;
  }

  /**
   * Parts of a micro-batch that go through the model one after the other.
   *
   * @param rows of a part, or pairs, at most
   * @param layers that would keep activations
   * @param recomputed layers of them that do not, at most
   */
  record Division(int rows, int layers, int recomputed) {}

  /** Loss without dropout and without gradients. */
  PendingLoss.TokenLoss evaluate(MicroBatch batch);

  /**
   * What the reference gives for pairs, which {@link MicroBatch.PairBatch#measuredFrom} puts into
   * them. Where the base itself trains, the reference is the model before its first step, and gone
   * after it.
   */
  MicroBatch.PairLogps reference(MicroBatch.PairBatch pairs);

  /**
   * Whether the reference changes with what trains, as PEFT's {@code disable_adapter} leaves biases
   * that train in place. Pairs are then measured in every step, by {@link #accumulate} and {@link
   * #evaluate} themselves.
   */
  default boolean referenceMoves() {
    return false;
  }

  /** Logits in f32, [row][position][vocabulary], positions of padding included as zeros. */
  float[][][] logits(int[][] inputIds);

  /**
   * Parameters that train, under their Hugging Face module path, such as {@code
   * model.layers.0.self_attn.q_proj.lora_A.weight}. The tensors of this list, of {@link #saved} and
   * of {@link #optimizerState} are read when their numbers are asked for, as they are then: {@link
   * NamedTensor#inMemory} keeps one.
   */
  List<NamedTensor> trained();

  /**
   * The tensors of the result's file: those of PEFT's {@code adapter_model.safetensors}, or every
   * parameter of the model after full fine-tuning.
   */
  List<NamedTensor> saved();

  /**
   * The form in which others use the result: {@link #saved}, except that an adapter whose start was
   * taken out of the base (PiSSA, OLoRA) becomes a plain LoRA for the base as it is.
   *
   * @param method that was trained
   */
  default Tuner.SavedResult result(AdapterMethod method) {
    return new Tuner.SavedResult(method, saved());
  }

  /**
   * Settings of the result's {@code adapter_config.json} that training decided, such as AdaLoRA's
   * {@code rank_pattern}.
   */
  default Map<String, Object> learnedSettings() {
    return Map.of();
  }

  /** Sets trained parameters from the tensors of such a file: the inverse of {@link #saved}. */
  void loadSaved(List<NamedTensor> saved);

  /**
   * Optimiser state under {@code exp_avg.<name>} and {@code exp_avg_sq.<name>}, and what the method
   * remembers from step to step; with {@link #updates} all that a resume needs.
   */
  List<NamedTensor> optimizerState();

  /** Optimiser steps made so far: the t of Adam's bias correction. */
  long updates();

  /**
   * Sets trained parameters, by the names of {@link #trained}; every name must be present with its
   * shape.
   */
  void load(List<NamedTensor> trained);

  /**
   * Puts back what {@link #trained}, {@link #optimizerState} and {@link #updates} gave; bit-exact.
   */
  void restore(List<NamedTensor> trained, List<NamedTensor> optimizerState, long updates);

  /** Tells from now on what steps compute and how long it takes. */
  default void observe(StepObserver observer) {}

  /** Trainable scalars. */
  long trainableParameters();

  @Override
  void close();

  /**
   * No update was made, since gradients were not finite: parameters and their moments are as
   * before.
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
