package dev.graft.training.program;

/**
 * {@code output = causal_attention(query, key, value)}; heads are grouped when there are fewer
 * heads of keys than of queries.
 *
 * @param heads heads of keys and values
 * @param size features of a head
 */
public record Attend(String output, String query, String key, String value, int heads, int size)
    implements Statement {
  private String grouped() {
    return output + "_grouped";
  }

  private String probabilities() {
    return output + "_probabilities";
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s, %s, %s, = __torch__.ops.attention.forward(%s, %s, %s, torch.size(cos, 0), %d, %d,"
            + " block)",
        output, grouped(), probabilities(), query, key, value, heads, size);
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.attention.reference(%s, %s, %s, torch.size(cos, 0), %d, %d)",
        output, query, key, value, heads, size);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String dq = "d_" + output + "_query";
    String dk = "d_" + output + "_key";
    String dv = "d_" + output + "_value";
    text.line(
        "%s, %s, %s, = __torch__.ops.attention.backward(%s, %s, %s, torch.size(cos, 0), %d, block)",
        dq, dk, dv, g, text.savedList(grouped()), text.savedList(probabilities()), heads);
    text.add(query, dq);
    text.add(key, dk);
    text.add(value, dv);
  }

  /** Keys and values go behind {@code past} earlier ones in the buffers of the cache. */
  @Override
  public void decode(LayerText text) {
    text.line(
        "%s = __torch__.ops.attention.decode(%s, %s, %s, keys, values, past, %d, %d, block)",
        output, query, key, value, heads, size);
  }

  @Override
  public boolean trains(LayerText text) {
    return text.needsGradient(query) || text.needsGradient(key) || text.needsGradient(value);
  }
}
