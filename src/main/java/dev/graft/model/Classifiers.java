package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.spec.Quantization;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import dev.graft.weights.Task.SequenceClassification;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Loads models to classify with. */
public final class Classifiers {
  private Classifiers() {}

  /**
   * Loads a base model, with its own head where the checkpoint has one. Use and close it on the
   * calling platform thread.
   *
   * @param trained directory of a checkpoint whose {@code trained.safetensors} has parameters of
   *     the base and of the head that its config.json describes; null = none
   * @param quantization of the base, as it was for an adapter's training; null = as it is
   * @throws BadModel if the directory is not a model that can run
   */
  public static Classifier load(
      Path base, @Nullable Path trained, @Nullable Quantization quantization, Execution execution) {
    ModelDirectory directory = trained == null ? ModelDirectory.open(base) : under(base, trained);
    try {
      directory.check();
      return DeviceMemory.open(
          execution,
          memory -> {
            ModelTensors tensors =
                FrozenWeights.load(
                    directory, trained, quantization, execution, memory, untrained(directory));
            return new FrozenClassifier(directory, memory, tensors, execution.plan());
          });
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  /** Opens the base with the head of a checkpoint that trained the base's own weights. */
  private static ModelDirectory under(Path base, Path trained) {
    try (ModelDirectory own = ModelDirectory.open(trained);
        ModelDirectory plain = ModelDirectory.open(base)) {
      Task head = own.config().task();
      if (head instanceof Task.SequenceClassification) return plain.withTask(head);
      throw new BadModel("the checkpoint has no head for labels");
    }
  }

  /** Returns the names of the head's parameters that the checkpoint lacks. */
  private static Set<String> untrained(ModelDirectory directory) {
    return NewHead.of(directory).stream()
        .map(ModelConfig.Parameter::name)
        .collect(Collectors.toSet());
  }

  /** A base model with at most one adapter that labels texts. One platform thread. */
  public interface Classifier extends AutoCloseable {
    /**
     * Loads (or removes, with null) a PEFT directory with its head on top of the base.
     *
     * @throws IllegalArgumentException if it has no head, or does not fit the base, saying where
     */
    void adapter(@Nullable Path directory);

    /**
     * Returns the meaning of the outputs with the current adapter; null if no head has been
     * trained.
     */
    Task.@Nullable SequenceClassification head();

    /** Returns the maximum tokens of a text, with the special tokens around it. */
    int context();

    /**
     * @param inputIds (texts)(tokens), at least one text and one token each
     * @return (texts)(outputs)
     * @throws IllegalStateException if there is no {@link #head}
     */
    float[][] logits(int[][] inputIds);

    @Override
    void close();
  }

  /** The base with its own trained head, or with an adapter and the adapter's head. */
  private static final class FrozenClassifier implements Classifier {
    private final ModelDirectory directory;
    private final DeviceMemory memory;
    private final ModelTensors base;
    private final ComputePlan plan;
    private FrozenWeights.@Nullable WornAdapter worn;

    /** The current model; null where there is no head. */
    private @Nullable Headed headed;

    /** The model without an adapter, compiled at its first use. */
    private @Nullable Headed bare;

    private record Headed(SequenceClassification head, ForwardPass pass) {}

    /**
     * @param directory closed with the classifier
     * @param memory closed with the classifier
     * @param base every parameter in {@code memory}, except a head that is not trained
     */
    FrozenClassifier(
        ModelDirectory directory, DeviceMemory memory, ModelTensors base, ComputePlan plan) {
      this.directory = directory;
      this.memory = memory;
      this.base = base.copy();
      this.plan = plan;
      adapter(null);
    }

    @Override
    public void adapter(@Nullable Path adapter) {
      FrozenWeights.WornAdapter next = null;
      if (adapter == null) {
        headed = bare();
      } else {
        SequenceClassification head = head(adapter);
        try (ModelDirectory under = directory.withTask(head)) {
          next = FrozenWeights.WornAdapter.of(adapter, under, memory, base);
        }
        headed = new Headed(head, ForwardPass.of(next.model(), plan));
      }
      if (worn != null) worn.close();
      worn = next;
    }

    private @Nullable Headed bare() {
      if (bare == null
          && directory.config().task() instanceof SequenceClassification own
          && NewHead.of(directory).stream().allMatch(each -> base.contains(each.name()))) {
        Transformer model =
            Transformer.frozen(Family.of(directory.config()), memory, base, Rewrite.NONE);
        bare = new Headed(own, ForwardPass.of(model, plan));
      }
      return bare;
    }

    private static SequenceClassification head(Path adapter) {
      try (ModelDirectory own = ModelDirectory.open(adapter)) {
        if (own.config().task() instanceof SequenceClassification head) return head;
        throw new IllegalArgumentException("the adapter has no head for labels");
      } catch (BadModel e) {
        throw new IllegalArgumentException("the adapter cannot be used: " + e.getMessage(), e);
      }
    }

    @Override
    public @Nullable SequenceClassification head() {
      return headed == null ? null : headed.head();
    }

    @Override
    public int context() {
      return directory.config().contextLength();
    }

    @Override
    public float[][] logits(int[][] inputIds) {
      Headed now = headed;
      if (now == null) throw new IllegalStateException("no head has been trained");
      try (PtNDManager scope = memory.scope()) {
        return Goal.LabelGoal.logits(scope, now.pass(), inputIds);
      }
    }

    @Override
    public void close() {
      if (worn != null) worn.close();
      if (bare != null) bare.pass().model().close();
      memory.close();
      directory.close();
    }
  }
}
