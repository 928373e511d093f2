package dev.graft.datasets;

/** Numbers, 16 bytes each at most; open addressing, since they are digests and spread already. */
final class LongSet {
  private static final int SMALLEST = 1 << 10;

  /** 0 = free. */
  private long[] slots = new long[SMALLEST];

  private int size;
  private boolean hasZero;

  /** Whether it was not there. */
  public boolean add(long value) {
    if (value == 0) {
      boolean added = !hasZero;
      hasZero = true;
      return added;
    }
    int slot = slot(slots, value);
    if (slots[slot] == value) return false;
    slots[slot] = value;
    if (++size * 2 > slots.length) grow();
    return true;
  }

  public boolean contains(long value) {
    return value == 0 ? hasZero : slots[slot(slots, value)] == value;
  }

  /** Where it is, or would be. */
  private static int slot(long[] slots, long value) {
    int slot = (int) value & slots.length - 1;
    while (slots[slot] != 0 && slots[slot] != value) slot = slot + 1 & slots.length - 1;
    return slot;
  }

  private void grow() {
    long[] larger = new long[slots.length * 2];
    for (long value : slots) if (value != 0) larger[slot(larger, value)] = value;
    slots = larger;
  }
}
