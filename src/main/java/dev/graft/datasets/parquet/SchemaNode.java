package dev.graft.datasets.parquet;

import java.util.Map;

/** A part of a row, as the schema has it. */
sealed interface SchemaNode {
  /** The first of the columns beneath it, whose levels tell whether it is there. */
  Scalar first();

  /**
   * @param place among the columns that are read
   * @param column among all
   * @param definition the level at which a value is there
   * @param repetition the highest level
   */
  record Scalar(
      String path,
      int place,
      int column,
      PhysicalType physical,
      LeafType type,
      int definition,
      int repetition)
      implements SchemaNode {
    @Override
    public Scalar first() {
      return this;
    }
  }

  /**
   * @param children by key, at least one
   * @param definition the level from which on it is there
   */
  record Struct(Map<String, SchemaNode> children, int definition) implements SchemaNode {
    @Override
    public Scalar first() {
      return children.values().iterator().next().first();
    }
  }

  /**
   * @param definition the level from which on the list is there; above it, an element is
   * @param repetition the level at which a further element begins
   */
  record Listed(SchemaNode element, int definition, int repetition) implements SchemaNode {
    @Override
    public Scalar first() {
      return element.first();
    }
  }
}
