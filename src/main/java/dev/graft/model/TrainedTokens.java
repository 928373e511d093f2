package dev.graft.model;

import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.Embedding.TrainedRows;
import dev.graft.kernels.Statement;
import dev.graft.spec.Lora.TokenIndices;
import dev.graft.weights.Dtype;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.StoredWeight;
import dev.graft.weights.Task;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * PEFT's {@code trainable_token_indices}: rows of the token table, or of the output matrix, that
 * train from their own values. A tied table is both, so its rows receive both gradients.
 */
final class TrainedTokens implements Trainable {
  private static final String WEIGHT = ".weight";
  private static final String ADAPTER = ".token_adapter.";

  private final ModelDirectory base;

  /** Rows by the path of their module. */
  private final Map<String, List<Integer>> rows = new LinkedHashMap<>();

  /**
   * @param adapted paths of the modules with factors
   * @param whole modules that train as a whole
   */
  public TrainedTokens(
      TokenIndices indices, Collection<String> adapted, SavedModules whole, ModelDirectory base) {
    this.base = base;
    ModelConfig config = base.config();
    String table = module(config.inputEmbedding());
    if (!indices.ofTable().isEmpty()) rows.put(table, indices.ofTable());
    indices.byModule().forEach((name, of) -> put(path(name, table), of));
    rows.forEach(
        (module, of) -> {
          if (adapted.contains(module) || whole.covers(module)) {
            throw refused(module + " already trains in another way");
          }
          for (int row : of) {
            if (row >= config.vocabSize()) {
              throw refused(
                  "%d is outside the vocabulary of %d".formatted(row, config.vocabSize()));
            }
          }
        });
  }

  private static IllegalArgumentException refused(String why) {
    return new IllegalArgumentException("trainable_token_indices: " + why);
  }

  private static String module(String weight) {
    return weight.substring(0, weight.length() - WEIGHT.length());
  }

  /**
   * Returns the module of a name, which is the token table also for a tied output matrix; both
   * names must then have the same rows, as in PEFT.
   */
  private String path(String name, String table) {
    ModelConfig config = base.config();
    if (table.endsWith(name)) return table;
    if (!(config.task() instanceof Task.CausalLm && config.outputModule().endsWith(name))) {
      throw refused(
          "'%s' is neither the token table %s nor the output matrix".formatted(name, table));
    }
    return config.tieWordEmbeddings() ? table : config.outputModule();
  }

  private void put(String module, List<Integer> of) {
    List<Integer> other = rows.put(module, of);
    if (other != null && !other.equals(of)) {
      throw refused("the token table is also the output matrix, so both need the same rows");
    }
  }

  private static String delta(String module) {
    return module + ADAPTER + "trainable_tokens_delta";
  }

  private static String indices(String module) {
    return module + ADAPTER + "token_indices";
  }

  private static String slotsOf(String module) {
    return module + ADAPTER + "token_slots";
  }

  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    rows.forEach(
        (module, of) ->
            slots.add(
                new Slot(
                    delta(module),
                    of.size(),
                    base.config().parameter(module + WEIGHT).shape()[1])));
    return slots;
  }

  @Override
  public List<NamedTensor> start(long seed) {
    List<NamedTensor> start = new ArrayList<>();
    rows.forEach(
        (module, of) -> {
          ModelConfig.Parameter weight = base.config().parameter(module + WEIGHT);
          int width = (int) weight.shape()[1];
          StoredWeight stored = base.weights().stored(weight);
          if (!(stored instanceof MappedTensor plain)) throw refused(module + " is quantised");
          float[] values = new float[of.size() * width];
          float[] row = new float[width];
          for (int i = 0; i < of.size(); i++) {
            plain.copyTo(row, (long) of.get(i) * width);
            System.arraycopy(row, 0, values, i * width, width);
          }
          start.add(NamedTensor.of(delta(module), values, of.size(), width));
        });
    return start;
  }

  /** Returns the places of the rows in the table, and of tokens among the rows. */
  @Override
  public List<NamedTensor> frozen(long seed) {
    List<NamedTensor> frozen = new ArrayList<>();
    rows.forEach(
        (module, of) -> {
          frozen.add(whole(indices(module), of.stream().mapToLong(Integer::longValue).toArray()));
          long[] slots = new long[base.config().vocabSize()];
          Arrays.fill(slots, of.size());
          for (int i = 0; i < of.size(); i++) slots[of.get(i)] = i;
          frozen.add(whole(slotsOf(module), slots));
        });
    return frozen;
  }

  @Override
  public long frozenBytes() {
    long numbers = 0;
    for (List<Integer> of : rows.values()) numbers += of.size() + base.config().vocabSize();
    return Long.BYTES * numbers;
  }

  private static NamedTensor whole(String name, long[] numbers) {
    ByteBuffer bytes =
        ByteBuffer.allocate(numbers.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(numbers);
    return new NamedTensor(name, Dtype.I64, new long[] {numbers.length}, bytes);
  }

  /** Returns the weight itself, updated with the current rows. */
  @Override
  public List<Tuner.Derived> derived() {
    return rows.keySet().stream()
        .map(
            module ->
                new Tuner.Derived(
                    module + WEIGHT,
                    base.config().parameter(module + WEIGHT).shape(),
                    "torch.index_copy_(%1$s, 0, %2$s, torch.to(%3$s, ops.prim.dtype(%1$s)))",
                    List.of(indices(module), delta(module))))
        .toList();
  }

  @Override
  public Tuner.@Nullable OutputPart outputPart() {
    ModelConfig config = base.config();
    if (!(config.task() instanceof Task.CausalLm)) return null;
    String output =
        config.tieWordEmbeddings() ? module(config.inputEmbedding()) : config.outputModule();
    return rows.containsKey(output) ? new Tuner.OutputPart(delta(output), indices(output)) : null;
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    List<Statement> rewritten = new ArrayList<>();
    for (Statement each : statements) {
      if (!(each instanceof Embed embed) || !rows.containsKey(module(prefix + embed.table()))) {
        rewritten.add(each);
        continue;
      }
      String module = module(prefix + embed.table());
      String table = embed.output() + "_table";
      rewritten.add(new Embed(table, embed.ids(), embed.table()));
      rewritten.add(
          new TrainedRows(embed.output(), table, embed.ids(), delta(module), slotsOf(module)));
    }
    return rewritten;
  }

  @Override
  public float[] merged(String name, Tuner.WeightRows block, Map<String, NamedTensor> trained) {
    rows.forEach(
        (module, of) -> {
          NamedTensor values = trained.get(delta(module));
          if (values == null || !name.equals(module + WEIGHT)) return;
          float[] mine = values.toFloats();
          int width = mine.length / of.size();
          for (int i = 0; i < of.size(); i++) {
            int row = of.get(i) - block.first();
            if (row < 0 || row >= block.values().length / width) continue;
            System.arraycopy(mine, i * width, block.values(), row * width, width);
          }
        });
    return block.values();
  }
}
