package dev.graft.kernels;

import dev.graft.weights.ModelConfig.Activation;
import java.util.List;

/** {@code output = activation(gate) * up}: the gated feed-forward (Shazeer 2020). */
public record GatedActivation(String output, String gate, String up, Activation activation)
    implements Statement {
  private ActivationKernel kernel() {
    return new ActivationKernel(activation);
  }

  private String active() {
    return output + "_active";
  }

  @Override
  public List<String> inputs() {
    return List.of(gate, up);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = %s", active(), kernel().forward(gate));
    String product = text.recomputed(output) ? "mul" : "mul_"; // backward needs what is active
    text.line("%s = torch.%s(%s, %s)", output, product, active(), up);
  }

  @Override
  public boolean cheap() {
    return true;
  }

  @Override
  public void reference(LayerText text) {
    text.line("%s = torch.mul(%s, %s)", output, kernel().reference(gate), up);
  }

  @Override
  public void backward(LayerText text) {
    String own = text.total(output);
    String g = text.take(output);
    String dg = "d_" + output + "_gate";
    String du = "d_" + output + "_up";
    String x = text.saved(gate);
    if (!text.recomputed(output)) text.line("%s = %s", active(), kernel().forward(x));
    text.line("%s = torch.mul_(%s, %s)", du, active(), g);
    text.line(
        "%s = %s",
        dg, kernel().backward("torch.mul_(%s, %s)".formatted(own, text.saved(up)), gate));
    text.add(gate, dg);
    text.add(up, du);
  }
}
