package dev.graft.weights;

import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.ModelConfig.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * A module with parameters of its own: a weight and perhaps a bias.
 *
 * @param size output features, rows of a table, or width of a norm
 * @param inFeatures input features or columns of a table; 0 for a norm
 */
public record Leaf(String path, Kind kind, int size, int inFeatures, boolean bias) {
  static Leaf linear(String path, int outFeatures, int inFeatures, boolean bias) {
    return new Leaf(path, Kind.LINEAR, outFeatures, inFeatures, bias);
  }

  static Leaf conv1d(String path, int outFeatures, int inFeatures) {
    return new Leaf(path, Kind.CONV1D, outFeatures, inFeatures, true);
  }

  static Leaf embedding(String path, int rows, int columns) {
    return new Leaf(path, Kind.EMBEDDING, rows, columns, false);
  }

  static Leaf rmsNorm(String path, int width) {
    return new Leaf(path, Kind.RMS_NORM, width, 0, false);
  }

  static Leaf layerNorm(String path, int width) {
    return new Leaf(path, Kind.LAYER_NORM, width, 0, true);
  }

  List<Parameter> parameters() {
    long[] shape =
        switch (kind) {
          case LINEAR, EMBEDDING -> new long[] {size, inFeatures};
          case CONV1D -> new long[] {inFeatures, size};
          case RMS_NORM, LAYER_NORM -> new long[] {size};
        };
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(new Parameter(path + ".weight", shape, kind));
    if (bias) parameters.add(new Parameter(path + ".bias", new long[] {size}, kind));
    return parameters;
  }
}
