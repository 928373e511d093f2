package dev.graft.training.program;

/** {@code output = silu(gate) * up}. */
public record Gate(String output, String gate, String up) implements Statement {
  @Override
  public void forward(LayerText text) {
    text.line("%s = __torch__.ops.gated_silu.forward(%s, %s)", output, gate, up);
  }

  @Override
  public void reference(LayerText text) {
    text.line("%s = __torch__.ops.gated_silu.reference(%s, %s)", output, gate, up);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String dg = "d_" + output + "_gate";
    String du = "d_" + output + "_up";
    text.line(
        "%s, %s, = __torch__.ops.gated_silu.backward(%s, %s, %s)",
        dg, du, g, text.saved(gate), text.saved(up));
    text.add(gate, dg);
    text.add(up, du);
  }

  @Override
  public boolean trains(LayerText text) {
    return text.needsGradient(gate) || text.needsGradient(up);
  }
}
