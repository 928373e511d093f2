package dev.graft.kernels;

/** A statement by which tokens see something of those before them, see {@link CutLayer}. */
public interface HandsOn extends Statement {
  /** Text, over the inputs, of what tokens behind these need of them. */
  String handed();

  /** Text of a call that adds to the inputs' gradients what those tokens give back. */
  String returned(LayerText text);
}
