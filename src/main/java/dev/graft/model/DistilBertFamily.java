package dev.graft.model;

import static dev.graft.weights.DistilBertConfig.LAYER_NORM_EPS;

import dev.graft.kernels.BatchContext;
import dev.graft.kernels.Elementwise.Activate;
import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Norm.LayerNorm;
import dev.graft.kernels.Statement;
import dev.graft.kernels.Sum;
import dev.graft.weights.Activation;
import dev.graft.weights.ModelConfig.Activation;
import dev.graft.weights.DistilBertConfig;
import dev.graft.weights.ModelConfig.Dropouts;
import java.util.List;

/** DistilBERT (Sanh et al. 2019): BERT without token types, and with another head. */
record DistilBertFamily(DistilBertConfig config, Dropouts dropouts) implements EncoderFamily {
  private static final EncoderLayer.Modules MODULES =
      new EncoderLayer.Modules(
          "attention.q_lin",
          "attention.k_lin",
          "attention.v_lin",
          "attention.out_lin",
          "sa_layer_norm",
          "ffn.lin1",
          "ffn.lin2",
          "output_layer_norm");

  @Override
  public List<Statement> embedding() {
    String embeddings = config.basePrefix() + "embeddings.";
    return List.of(
        new Embed(Embed.ROWS, null, config.inputEmbedding()),
        new Embed("positions", BatchContext.POSITIONS, embeddings + "position_embeddings.weight"),
        new Sum("placed", Embed.ROWS, "positions"),
        new LayerNorm("normed", "placed", embeddings + "LayerNorm", LAYER_NORM_EPS),
        new Dropout("y", "normed", dropouts.embedding()));
  }

  @Override
  public List<Statement> layer(int index) {
    return new EncoderLayer(
            config.heads(), headDim(), config.activation(), LAYER_NORM_EPS, dropouts, MODULES)
        .statements();
  }

  @Override
  public List<Statement> head() {
    return List.of(
        new LinearLayer("dense", "x", "pre_classifier", true),
        new Activate("pooled", "dense", Activation.RELU),
        new Dropout("left", "pooled", dropouts.head()),
        new LinearLayer("logits", "left", config.outputModule(), true));
  }

  @Override
  public int heads() {
    return config.heads();
  }
}
