package dev.graft.training.program.layer;

import dev.graft.training.program.BatchContext;
import dev.graft.training.program.LayerText;
import dev.graft.training.program.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code output = softmax(scale query key^T) value}; heads are grouped when there are fewer heads
 * of keys than of queries.
 *
 * @param heads heads of keys and values
 * @param size features of a head
 * @param causal a token sees itself and earlier ones only
 * @param window a token sees itself and window - 1 earlier ones; 0 = all
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
    boolean causal,
    int window,
    double softcap,
    @Nullable String prefix,
    double dropout)
    implements Statement {
  /** Without a prefix and without dropout. */
  public Attend(
      String output,
      String query,
      String key,
      String value,
      int heads,
      int size,
      double scale,
      boolean causal,
      int window,
      double softcap) {
    this(output, query, key, value, heads, size, scale, causal, window, softcap, null, 0);
  }

  /** Causal, over all earlier tokens, scaled by 1 / sqrt(size). */
  public Attend(String output, String query, String key, String value, int heads, int size) {
    this(output, query, key, value, heads, size, 1 / Math.sqrt(size), true, 0, 0);
  }

  /** The same with keys and values in front. */
  public Attend behind(String prefixed) {
    return new Attend(
        output, query, key, value, heads, size, scale, causal, window, softcap, prefixed, dropout);
  }

  /** The same with weights left out in training. */
  public Attend dropping(double probability) {
    return new Attend(
        output,
        query,
        key,
        value,
        heads,
        size,
        scale,
        causal,
        window,
        softcap,
        prefix,
        probability);
  }

  private double dropped(LayerText text) {
    return text.drops(dropout) ? dropout : 0;
  }

  @Override
  public boolean drops() {
    return dropout > 0;
  }

  private String prefix(LayerText text) {
    return prefix == null ? "None" : text.tensor(prefix);
  }

  private String grouped() {
    return output + "_grouped";
  }

  private String probabilities() {
    return output + "_probabilities";
  }

  /** Arguments that say who sees whom, and how scores are made. */
  private String rule() {
    return "%s, %s, %d, %s, %s"
        .formatted(
            scale, causal ? "True" : "False", window, softcap, BatchContext.SEGMENTS.reference());
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
        "%s, %s, %s, = __torch__.ops.attention.forward(%s, %s, %s, %s, tokens, %d, %d, block, %s,"
            + " %s)",
        output,
        grouped(),
        probabilities(),
        query,
        key,
        value,
        prefix(text),
        heads,
        size,
        rule(),
        dropped(text));
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.attention.reference(%s, %s, %s, %s, tokens, %d, %d, block, %s, %s)",
        output, query, key, value, prefix(text), heads, size, rule(), dropped(text));
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String dq = "d_" + output + "_query";
    String dk = "d_" + output + "_key";
    String dv = "d_" + output + "_value";
    text.line(
        "%s, %s, %s, = __torch__.ops.attention.backward(%s, %s, %s, %s, tokens, %d, block, %s, %s,"
            + " %d, %s, %s)",
        dq,
        dk,
        dv,
        g,
        text.savedList(grouped()),
        text.savedList(probabilities()),
        prefix != null && text.isTrained(prefix) ? text.gradientOf(prefix) : "None",
        heads,
        scale,
        causal ? "True" : "False",
        window,
        softcap,
        dropped(text));
    text.add(query, dq);
    text.add(key, dk);
    text.add(value, dv);
  }

  /** Keys and values go behind {@code past} earlier ones in the buffers of the cache. */
  @Override
  public void decode(LayerText text) {
    text.line(
        "%s = __torch__.ops.attention.decode(%s, %s, %s, %s, keys, values, past, %d, %d, block,"
            + " %s)",
        output, query, key, value, prefix(text), heads, size, rule());
  }
}
