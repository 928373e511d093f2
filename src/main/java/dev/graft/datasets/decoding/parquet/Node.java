package dev.graft.datasets.decoding.parquet;

import dev.graft.datasets.decoding.parquet.SchemaElement.PhysicalType;
import java.util.Map;

/** A part of a row, as the schema has it. */
sealed interface Node {
  /** The first of the columns beneath it, whose levels tell whether it is there. */
  Leaf first();

  /**
   * @param place among the columns that are read
   * @param column among all
   * @param definition the level at which a value is there
   * @param repetition the highest level
   */
  record Leaf(
      String path,
      int place,
      int column,
      PhysicalType physical,
      LeafType type,
      int definition,
      int repetition)
      implements Node {
    @Override
    public Leaf first() {
      return this;
    }
  }

  /**
   * @param children by key, at least one
   * @param definition the level from which on it is there
   */
  record Struct(Map<String, Node> children, int definition) implements Node {
    @Override
    public Leaf first() {
      return children.values().iterator().next().first();
    }
  }

  /**
   * @param definition the level from which on the list is there; above it, an element is
   * @param repetition the level at which a further element begins
   */
  record Listed(Node element, int definition, int repetition) implements Node {
    @Override
    public Leaf first() {
      return element.first();
    }
  }
}
