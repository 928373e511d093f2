package dev.graft.training.tuner;

import dev.graft.spec.PrefixTuning;
import dev.graft.training.program.Attend;
import dev.graft.training.program.Statement;
import dev.graft.weights.AttentionShape;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Prefix tuning (Li and Liang 2021): keys and values of virtual tokens in every layer, side by side
 * in one matrix, used as they are: no positions, no norm. With a projection two linear layers with
 * tanh between them compute the matrix from narrower rows.
 */
final class PrefixTuner implements Tuner {
  private static final String EMBEDDING = Prompt.ENCODER + "embedding.weight";
  private static final String TRANSFORM = Prompt.ENCODER + "transform.";

  private final PrefixTuning method;
  private final ModelConfig config;
  private final int keys;
  private final int hidden;

  PrefixTuner(PrefixTuning method, ModelConfig config) {
    Prompt.requireGenerator(config);
    this.method = method;
    this.config = config;
    keys = AttentionShape.of(config).keyFeatures();
    Integer wanted = method.encoderHiddenSize();
    hidden = wanted == null ? keys : wanted;
  }

  private long width() {
    return 2L * config.numHiddenLayers() * keys;
  }

  private Slot matrix() {
    return new Slot(Prompt.NAME, method.numVirtualTokens(), width());
  }

  @Override
  public List<Slot> slots() {
    if (!method.prefixProjection()) return List.of(matrix());
    return List.of(
        new Slot(EMBEDDING, method.numVirtualTokens(), keys),
        new Slot(TRANSFORM + "0.weight", hidden, keys),
        new Slot(TRANSFORM + "0.bias", hidden),
        new Slot(TRANSFORM + "2.weight", width(), hidden),
        new Slot(TRANSFORM + "2.bias", width()));
  }

  /** As torch's modules; PEFT's zero start is of what comes out. */
  @Override
  public List<NamedTensor> start(long seed) {
    List<NamedTensor> start = new ArrayList<>();
    for (Slot slot : slots()) {
      boolean last = slot.name().equals(Prompt.NAME) || slot.name().startsWith(TRANSFORM + "2.");
      if (last && method.initZero()) start.add(Starts.zeros(slot));
      else if (!slot.name().startsWith(TRANSFORM)) start.add(Starts.normal(slot, 1, seed));
      else {
        int in = slot.name().startsWith(TRANSFORM + "0.") ? keys : hidden;
        start.add(Starts.uniform(slot, 1 / Math.sqrt(in), seed));
      }
    }
    return start;
  }

  @Override
  public @Nullable Computed computed() {
    if (!method.prefixProjection()) return null;
    return new Computed(
        Prompt.NAME,
        matrix().shape(),
        "__torch__.adapters.prompt_encoder.projection",
        slots().stream().map(Slot::name).toList());
  }

  @Override
  public List<Columns> columns() {
    return IntStream.range(0, config.numHiddenLayers())
        .mapToObj(
            i ->
                new Columns(
                    config.layerPrefix(i) + "prefix", Prompt.NAME, 2L * i * keys, 2L * keys))
        .toList();
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return statements.stream()
        .map(each -> each instanceof Attend attend ? attend.behind("prefix") : each)
        .toList();
  }

  @Override
  public VirtualTokens virtualTokens() {
    return new VirtualTokens(0, method.numVirtualTokens());
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    return Prompt.saved(trained);
  }

  @Override
  public List<NamedTensor> read(List<NamedTensor> saved) {
    return method.prefixProjection() ? Prompt.readEncoder(saved) : Prompt.saved(saved);
  }
}
