package dev.graft.datasets.parquet;

/** What stands in the file, as it is numbered. */
enum PhysicalType {
  BOOLEAN(0),
  INT32(4),
  INT64(8),
  INT96(12),
  FLOAT(4),
  DOUBLE(8),
  BYTE_ARRAY(0),
  FIXED_LEN_BYTE_ARRAY(0);

  /** Bytes of a value; 0 where that is not by its type. */
  final int bytes;

  PhysicalType(int bytes) {
    this.bytes = bytes;
  }
}
