package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task.SequenceClassification;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The base under its own head, where that is trained, or with an adapter under the adapter's. */
final class FrozenClassifier implements Classifier {
  private final ModelDirectory directory;
  private final DeviceMemory memory;
  private final ModelTensors base;
  private final ComputePlan plan;
  private @Nullable WornAdapter worn;

  /** What answers now; null where there is no head. */
  private @Nullable Headed headed;

  /** Compiled when it is first asked for without an adapter. */
  private @Nullable Headed bare;

  private record Headed(SequenceClassification head, ForwardPass pass) {}

  /**
   * @param directory closed with the classifier
   * @param memory closed with the classifier
   * @param base every parameter in {@code memory}, but a head that is not trained
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
    WornAdapter next = null;
    if (adapter == null) {
      headed = bare();
    } else {
      SequenceClassification head = head(adapter);
      try (ModelDirectory under = directory.withTask(head)) {
        next = WornAdapter.of(adapter, under, memory, base);
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
      return LabelGoal.logits(scope, now.pass(), inputIds);
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
