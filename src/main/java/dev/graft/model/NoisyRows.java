package dev.graft.model;

import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.Embedding.Noise;
import dev.graft.kernels.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * A method's model with NEFTune's noise on what the token table gives, adapters of the table
 * included, as transformers' hook on the embedding module has it.
 */
record NoisyRows(Rewrite adapter, double alpha) implements Rewrite {
  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    List<Statement> rewritten = new ArrayList<>(adapter.apply(prefix, statements));
    int rows = rewritten.stream().map(Statement::output).toList().lastIndexOf(Embed.ROWS);
    if (rows >= 0) rewritten.add(rows + 1, new Noise(Embed.ROWS, alpha, virtualTokens().rows()));
    return rewritten;
  }

  @Override
  public String output(String ofBase) {
    return adapter.output(ofBase);
  }

  @Override
  public VirtualTokens virtualTokens() {
    return adapter.virtualTokens();
  }
}
