package dev.graft.weights;

import static dev.graft.weights.ModelConfig.Dropouts.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.weights.DecoderConfig.Attention;
import dev.graft.weights.DecoderConfig.FeedForward;
import dev.graft.weights.DecoderConfig.LayerAttention;
import dev.graft.weights.DecoderConfig.Multipliers;
import dev.graft.weights.DecoderConfig.Norms;
import dev.graft.weights.DecoderConfig.Placement;
import dev.graft.weights.DecoderConfig.QkNorm;
import dev.graft.weights.ModelConfig.Activation;
import dev.graft.weights.ModelConfig.Basics;
import dev.graft.weights.Task.Problem;
import dev.graft.weights.Task.SequenceClassification;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What the files of {@link Families} mean. */
class FamilyConfigTests {
  private static final Rope PLAIN = new Rope.Default(10_000, 8);
  private static final Attention ATTENTION =
      new Attention(4, 2, 8, Math.pow(8, -0.5), 0, false, false, QkNorm.NONE);
  private static final Attention WIDE = new Attention(4, 2, 16, 0.25, 0, false, false, QkNorm.NONE);
  private static final Norms PRE = new Norms(1e-3, false, Placement.PRE);
  private static final Norms SANDWICH = new Norms(1e-3, true, Placement.SANDWICH);
  private static final double TWELFTH = Math.pow(12, -0.5);
  private static final SequenceClassification CHOICE =
      SequenceClassification.unnamed(3, Problem.SINGLE_LABEL_CLASSIFICATION);
  private static final DecoderConfig LLAMA = llama("llama", false, ATTENTION, PRE, PLAIN);

  private static final Map<String, ModelConfig> EXPECTED =
      Map.ofEntries(
          Map.entry("llama", LLAMA),
          Map.entry("llama-tied", llama("llama", true, ATTENTION, PRE, PLAIN)),
          Map.entry("llama-cls", LLAMA.withTask(CHOICE)),
          Map.entry("llama31", scaled(new Rope.Llama3(10_000, 8, 8, 1, 4, 64))),
          Map.entry("llama31-v4", scaled(new Rope.Llama3(10_000, 8, 8, 1, 4, 64))),
          Map.entry("llama-linear", scaled(new Rope.Linear(10_000, 8, 3))),
          Map.entry("mistral", windows("mistral", false, PLAIN, 6, 6)),
          Map.entry("qwen2", qwen2()),
          Map.entry("qwen3", qwen3()),
          Map.entry("gemma", gemma()),
          Map.entry("gemma2", gemma2()),
          Map.entry("gemma3", gemma3()),
          Map.entry("gemma3-v4", gemma3()),
          Map.entry("phi3", phi3(PLAIN)),
          Map.entry("phi3-longrope", phi3(longRope())),
          Map.entry(
              "olmo2",
              llama(
                  "olmo2",
                  false,
                  new Attention(4, 2, 8, ATTENTION.scale(), 0, false, false, QkNorm.FULL_WIDTH),
                  new Norms(1e-3, false, Placement.POST),
                  PLAIN)),
          Map.entry("granite", granite()),
          Map.entry("smollm3", smolLm3()),
          Map.entry(
              "gpt2",
              new Gpt2Config(
                  basics("gpt2", true, new Task.CausalLm(), 2, 1, null),
                  4,
                  128,
                  Activation.GELU_TANH,
                  1e-3)),
          Map.entry(
              "gpt-neox",
              new GptNeoXConfig(
                  basics("gpt_neox", false),
                  2,
                  64,
                  Activation.GELU,
                  1e-3,
                  true,
                  true,
                  new Rope.Default(10_000, 4))),
          Map.entry("bert", bert("bert", CHOICE, null, null, 0, 2, 0)),
          Map.entry("bert-multilabel", bert(multiLabel())),
          Map.entry("bert-regression", bert(SequenceClassification.unnamed(1, Problem.REGRESSION))),
          Map.entry("roberta", bert("roberta", CHOICE, 2, 0, 1, 1, 2)),
          Map.entry("xlm-roberta", bert("xlm-roberta", CHOICE, 2, 0, 1, 1, 2)),
          Map.entry(
              "distilbert",
              new DistilBertConfig(
                  basics("distilbert", true, CHOICE, null, null, 0), 4, 64, Activation.GELU)));

  private static final List<String> NAMES = List.copyOf(EXPECTED.keySet());

  @ParameterizedTest
  @FieldSource("NAMES")
  void theFileIsReadAs(String family) {
    assertThat(Families.read(family)).isEqualTo(EXPECTED.get(family));
  }

  /** Their numbers are in {@code RopeTests}; here only what they consist of. */
  @Test
  void dynamicAndYarnKnowTheContext() {
    DecoderConfig dynamic = (DecoderConfig) Families.read("llama-dynamic");
    assertThat(dynamic.layers().getFirst().rope()).isEqualTo(new Rope.Dynamic(10_000, 8, 2, 8));
    DecoderConfig yarn = (DecoderConfig) Families.read("llama-yarn");
    assertThat(yarn.layers().getLast().rope())
        .isEqualTo(new Rope.Yarn(100, 8, 4, 3, 0.25, true, 64, 0.1 * Math.log(4) + 1));
  }

  private static Basics basics(String type, boolean tied) {
    return basics(type, tied, new Task.CausalLm(), 2, 1, 0);
  }

  private static Basics basics(
      String type,
      boolean tied,
      Task task,
      @Nullable Integer eos,
      @Nullable Integer bos,
      @Nullable Integer pad) {
    List<Integer> ends = eos == null ? List.of() : List.of(eos);
    return new Basics(type, 32, 2, 97, 64, tied, 0.02, ends, bos, pad, task, NONE);
  }

  private static DecoderConfig llama(
      String type, boolean tied, Attention attention, Norms norms, Rope rope) {
    return new DecoderConfig(
        basics(type, tied),
        attention,
        norms,
        new FeedForward(64, Activation.SILU, false),
        false,
        Multipliers.NONE,
        List.of(new LayerAttention(0, rope), new LayerAttention(0, rope)));
  }

  private static DecoderConfig scaled(Rope rope) {
    return llama("llama", false, ATTENTION, PRE, rope);
  }

  private static DecoderConfig windows(
      String type, boolean tied, Rope rope, int first, int second) {
    DecoderConfig all = llama(type, tied, ATTENTION, PRE, rope);
    return new DecoderConfig(
        all.basics(),
        all.attention(),
        all.norms(),
        all.feedForward(),
        false,
        all.multipliers(),
        List.of(new LayerAttention(first, rope), new LayerAttention(second, rope)));
  }

  private static DecoderConfig qwen2() {
    Attention attention = new Attention(4, 2, 8, ATTENTION.scale(), 0, true, false, QkNorm.NONE);
    return llama("qwen2", false, attention, PRE, new Rope.Default(1e6, 8));
  }

  private static DecoderConfig qwen3() {
    Attention attention = new Attention(4, 2, 16, 0.25, 0, false, false, QkNorm.PER_HEAD);
    return llama("qwen3", true, attention, PRE, new Rope.Default(1e6, 16));
  }

  private static DecoderConfig gemma() {
    Rope rope = new Rope.Default(10_000, 16);
    Norms norms = new Norms(1e-3, true, Placement.PRE);
    return gemma(
        basics("gemma", true),
        WIDE,
        norms,
        0,
        List.of(new LayerAttention(0, rope), new LayerAttention(0, rope)));
  }

  private static DecoderConfig gemma2() {
    Rope rope = new Rope.Default(10_000, 16);
    return gemma(
        basics("gemma2", true),
        new Attention(4, 2, 16, TWELFTH, 3, false, false, QkNorm.NONE),
        SANDWICH,
        4,
        List.of(new LayerAttention(6, rope), new LayerAttention(0, rope)));
  }

  private static DecoderConfig gemma3() {
    LayerAttention local = new LayerAttention(6, new Rope.Default(1000, 16));
    LayerAttention global = new LayerAttention(0, new Rope.Linear(100_000, 16, 4));
    Basics two = basics("gemma3_text", true);
    return gemma(
        new Basics(two.modelType(), 32, 3, 97, 64, true, 0.02, List.of(2), 1, 0, two.task(), NONE),
        new Attention(4, 2, 16, TWELFTH, 0, false, false, QkNorm.PER_HEAD),
        SANDWICH,
        0,
        List.of(local, local, global));
  }

  private static DecoderConfig gemma(
      Basics basics,
      Attention attention,
      Norms norms,
      double logitSoftcap,
      List<LayerAttention> layers) {
    return new DecoderConfig(
        basics,
        attention,
        norms,
        new FeedForward(64, Activation.GELU_TANH, false),
        false,
        new Multipliers((float) Math.sqrt(32), true, 1, 1, logitSoftcap),
        layers);
  }

  private static DecoderConfig phi3(Rope rope) {
    DecoderConfig plain = llama("phi3", false, ATTENTION, PRE, rope);
    return new DecoderConfig(
        plain.basics(),
        plain.attention(),
        plain.norms(),
        plain.feedForward(),
        true,
        plain.multipliers(),
        plain.layers());
  }

  private static Rope longRope() {
    double attention = Math.sqrt(1 + Math.log(64.0 / 12) / Math.log(12));
    return new Rope.LongRope(
        10_000, 6, List.of(1.0, 1.1, 1.3), List.of(1.2, 2.5, 4.0), 12, attention);
  }

  private static DecoderConfig granite() {
    Attention attention = new Attention(4, 2, 8, 0.2, 0, false, false, QkNorm.NONE);
    DecoderConfig plain = llama("granite", false, attention, PRE, PLAIN);
    return new DecoderConfig(
        plain.basics(),
        plain.attention(),
        plain.norms(),
        plain.feedForward(),
        false,
        new Multipliers(3, false, 0.6, 0.5, 0),
        plain.layers());
  }

  private static DecoderConfig smolLm3() {
    Rope rope = new Rope.Default(50_000, 8);
    DecoderConfig all = llama("smollm3", true, ATTENTION, PRE, rope);
    return new DecoderConfig(
        all.basics(),
        all.attention(),
        all.norms(),
        all.feedForward(),
        false,
        all.multipliers(),
        List.of(new LayerAttention(0, rope), new LayerAttention(0, null)));
  }

  private static SequenceClassification multiLabel() {
    return SequenceClassification.unnamed(4, Problem.MULTI_LABEL_CLASSIFICATION);
  }

  private static BertConfig bert(Task task) {
    return bert("bert", task, null, null, 0, 2, 0);
  }

  private static BertConfig bert(
      String type,
      Task task,
      @Nullable Integer eos,
      @Nullable Integer bos,
      int pad,
      int types,
      int offset) {
    Basics basics = basics(type, true, task, eos, bos, pad);
    return new BertConfig(basics, 4, 64, Activation.GELU, 1e-3, types, offset);
  }
}
