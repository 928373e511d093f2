package dev.graft.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code output = softmax(scale query key^T) value}, over the keys that the layout of the batch
 * lets a query see; heads are grouped when there are fewer heads of keys than of queries.
 *
 * @param heads heads of keys and values
 * @param size features of a head
 * @param window a token sees itself and window - 1 earlier ones: the model's; 0 = none
 * @param softcap scores become softcap tanh(score / softcap); 0 = they do not
 * @param prefix tensor (n, 2 heads size) of keys and values in front of every row; null = none
 * @param dropout probability with which training leaves a weight out, after the softmax
 */
public record Attend(
    String output,
    String query,
    String key,
    String value,
    int heads,
    int size,
    double scale,
    int window,
    double softcap,
    @Nullable String prefix,
    double dropout)
    implements Statement.HandsOn {
  /** Attention without a prefix and without dropout. */
  public Attend(
      String output,
      String query,
      String key,
      String value,
      int heads,
      int size,
      double scale,
      int window,
      double softcap) {
    this(output, query, key, value, heads, size, scale, window, softcap, null, 0);
  }

  /** Attention without a window, scaled by 1 / sqrt(size). */
  public Attend(String output, String query, String key, String value, int heads, int size) {
    this(output, query, key, value, heads, size, 1 / Math.sqrt(size), 0, 0);
  }

  /** Returns the same statement with keys and values in front. */
  public Attend behind(String prefixed) {
    return new Attend(
        output, query, key, value, heads, size, scale, window, softcap, prefixed, dropout);
  }

  /** Returns the same statement with dropout of the weights in training. */
  public Attend dropping(double probability) {
    return new Attend(
        output, query, key, value, heads, size, scale, window, softcap, prefix, probability);
  }

  private double dropped(LayerText text) {
    return text.drops(dropout) ? dropout : 0;
  }

  @Override
  public boolean dropsByToken() {
    return !drops();
  }

  @Override
  public boolean drops() {
    return dropout > 0;
  }

  /** Returns the arguments that attention reads. */
  private String read(LayerText text) {
    String front = prefix == null ? "None" : text.tensor(prefix);
    return "%s, %s, %s, %s".formatted(query, key, value, front);
  }

  /** Returns the arguments for the heads, the visible keys and the scores. */
  private String rule() {
    return "%d, %d, %s, %s, %s".formatted(heads, size, chunks(), scale, softcap);
  }

  private String kept() {
    return output + "_saved";
  }

  private String masks() {
    return output + "_masks";
  }

  /** Returns the argument with the visible keys and their masks. */
  private String chunks() {
    return window > 0 ? "windowed" : "chunks";
  }

  @Override
  public List<String> inputs() {
    return List.of(query, key, value);
  }

  @Override
  public List<String> tensors() {
    return prefix == null ? List.of() : List.of(prefix);
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s, %s, %s, = __torch__.ops.attention.forward(%s, %s, c, %s, %s)",
        output,
        kept(),
        masks(),
        read(text),
        rule(),
        dropped(text),
        BatchContext.EARLIER.reference());
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.attention.reference(%s, %s, %s, %d, %s)",
        output, read(text), rule(), BatchContext.VISIBLE.reference(), window, dropped(text));
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String dq = "d_" + output + "_query";
    String dk = "d_" + output + "_key";
    String dv = "d_" + output + "_value";
    text.line(
        "%s, %s, %s, = __torch__.ops.attention.backward(%s, %s, %s, %s, %s, %s, %s, c, %s, %s)",
        dq,
        dk,
        dv,
        g,
        text.saved(kept(), "List[Tensor]"),
        text.saved(masks(), "List[Tensor]"),
        prefix != null && text.isTrained(prefix) ? text.gradientOf(prefix) : "None",
        chunks(),
        scale,
        softcap,
        dropped(text),
        BatchContext.EARLIER_GRADIENT.reference());
    text.add(query, dq);
    text.add(key, dk);
    text.add(value, dv);
  }

  @Override
  public String handed() {
    return "__torch__.ops.attention.handed(%s, %s, %d, %d, %s)"
        .formatted(key, value, heads, size, BatchContext.EARLIER.reference());
  }

  @Override
  public String returned(LayerText text) {
    return "__torch__.ops.attention.add_later(%s, %s, %s, %s)"
        .formatted(
            text.own(key),
            text.own(value),
            BatchContext.LATER_GRADIENT.reference(),
            BatchContext.EARLIER_GRADIENT.reference());
  }

  /** Appends keys and values to the {@code past} earlier ones in the buffers of the cache. */
  @Override
  public void decode(LayerText text) {
    text.line(
        "%s = __torch__.ops.attention.decode(%s, keys, values, past, %s, c)",
        output, read(text), rule());
  }

  /**
   * {@code output = rope(input)}: the first features of each head, rotated by the position of the
   * token.
   *
   * @param size features of a head; features beyond those of the tables are not rotated
   * @param local whether to use the second tables of the {@link BatchContext}
   */
  public record RotaryEmbedding(String output, String input, int size, boolean local)
      implements Statement.Unary {
    public RotaryEmbedding(String output, String input, int size) {
      this(output, input, size, false);
    }

    private String tables() {
      return local
          ? BatchContext.LOCAL_COS.reference() + ", " + BatchContext.LOCAL_SIN.reference()
          : BatchContext.COS.reference() + ", " + BatchContext.SIN.reference();
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = __torch__.ops.rope.forward(%s, %s, %d)", output, input, tables(), size);
    }

    @Override
    public void reference(LayerText text) {
      text.line("%s = __torch__.ops.rope.reference(%s, %s, %d)", output, input, tables(), size);
    }

    @Override
    public void backward(LayerText text) {
      text.add(
          input,
          "__torch__.ops.rope.backward(%s, %s, %d)".formatted(text.take(output), tables(), size));
    }
  }
}
