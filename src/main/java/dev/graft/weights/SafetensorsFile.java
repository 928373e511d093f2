package dev.graft.weights;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/**
 * A memory-mapped safetensors file of any size, whose header is checked before tensors are read.
 * Nothing is copied. Closing invalidates all tensors of the file.
 */
public final class SafetensorsFile implements AutoCloseable {
  /** The limit of the reference implementation, in bytes. */
  private static final long MAX_HEADER = 100_000_000;

  private final Arena arena;
  private final MemorySegment data;
  private final SafetensorsHeader header;

  private SafetensorsFile(Arena arena, MemorySegment data, SafetensorsHeader header) {
    this.arena = arena;
    this.data = data;
    this.header = header;
  }

  /**
   * @throws BadModel if the file cannot be read or breaks a rule of the format
   */
  @SuppressWarnings("MustBeClosed") // the arena is closed by close(), or below on a failure
  public static SafetensorsFile open(Path file) {
    String name = file.getFileName().toString();
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) throw new BadModel(name + " is truncated: " + size + " bytes, no header");
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      long length = all.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
      if (length < 0 || length > MAX_HEADER) {
        throw new BadModel(
            "%s: the header has %s bytes, more than the maximum of %d; is it a safetensors file?"
                .formatted(name, Long.toUnsignedString(length), MAX_HEADER));
      }
      if (length > size - 8) {
        throw new BadModel(
            "%s is truncated: the header has %d bytes, the file %d".formatted(name, length, size));
      }
      byte[] json = all.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
      SafetensorsHeader header = SafetensorsHeader.parse(name, json, size - 8 - length);
      return new SafetensorsFile(arena, all.asSlice(8 + length), header);
    } catch (IOException e) {
      arena.close();
      throw new BadModel(name + " cannot be read", e);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Returns the names in the order of the header. */
  public List<String> names() {
    return List.copyOf(header.tensors().keySet());
  }

  public @Nullable MappedTensor find(String name) {
    SafetensorsHeader.Entry entry = header.tensors().get(name);
    return entry == null ? null : mapped(entry);
  }

  private MappedTensor mapped(SafetensorsHeader.Entry entry) {
    return new MappedTensor(entry.info(), data.asSlice(entry.begin(), entry.end() - entry.begin()));
  }

  /** Returns all tensors in the order of the header. */
  public List<MappedTensor> tensors() {
    return header.tensors().values().stream().map(this::mapped).toList();
  }

  public Map<String, String> metadata() {
    return Map.copyOf(header.metadata());
  }

  @Override
  public void close() {
    arena.close();
  }

  /**
   * The JSON header of a safetensors file, checked like the reference implementation does: known
   * types, sizes that match shape and type, and data without holes and overlaps up to the file's
   * end.
   */
  record SafetensorsHeader(Map<String, Entry> tensors, Map<String, String> metadata) {
    private static final int MAX_TENSORS = 200_000;
    private static final int MAX_DIMENSIONS = 16;

    /** Bytes [begin, end) after the header. */
    record Entry(TensorInfo info, long begin, long end) {}

    static SafetensorsHeader parse(String file, byte[] json, long dataBytes) {
      if (json.length == 0 || json[0] != '{') {
        throw new BadModel(file + ": the header does not begin with '{'");
      }
      Map<String, Entry> tensors = new LinkedHashMap<>();
      Map<String, String> metadata = new LinkedHashMap<>();
      try (JsonParser parser = JsonFields.FACTORY.createParser(ObjectReadContext.empty(), json)) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = parser.currentName();
          if (name.equals("__metadata__")) {
            readMetadata(file, parser, metadata);
          } else {
            if (tensors.size() == MAX_TENSORS) {
              throw new BadModel(file + ": more than " + MAX_TENSORS + " tensors");
            }
            tensors.put(name, readEntry(file, name, parser));
          }
        }
        if (parser.nextToken() != null) throw new BadModel(file + ": text after the header's end");
      } catch (JacksonException e) {
        throw new BadModel(file + ": the header is not valid JSON: " + JsonFields.where(e), e);
      }
      checkLayout(file, tensors, dataBytes);
      return new SafetensorsHeader(tensors, metadata);
    }

    private static void readMetadata(String file, JsonParser parser, Map<String, String> into) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new BadModel(file + ": __metadata__ is not an object");
      }
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String key = parser.currentName();
        if (parser.nextToken() != JsonToken.VALUE_STRING) {
          throw new BadModel(file + ": __metadata__ contains a value that is not a string");
        }
        into.put(key, parser.getString());
      }
    }

    private static Entry readEntry(String file, String name, JsonParser parser) {
      String where = file + ": tensor " + shortened(name);
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new BadModel(where + " is not an object");
      }
      Dtype dtype = null;
      long[] shape = null;
      long[] offsets = null;
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String field = parser.currentName();
        parser.nextToken();
        switch (field) {
          case "dtype" -> dtype = readDtype(where, parser);
          case "shape" -> shape = readNumbers(where + ": shape", parser);
          case "data_offsets" -> offsets = readNumbers(where + ": data_offsets", parser);
          default -> throw new BadModel(where + " has an unknown field " + shortened(field));
        }
      }
      if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
        throw new BadModel(where + " must have dtype, shape and two data_offsets");
      }
      Entry entry = new Entry(new TensorInfo(name, dtype, shape), offsets[0], offsets[1]);
      long expected = sized(file, entry.info());
      if (entry.end() < entry.begin() || entry.end() - entry.begin() != expected) {
        throw new BadModel(
            "%s of type %s and shape %s needs %d bytes, which data_offsets %s do not match"
                .formatted(
                    where, dtype, Arrays.toString(shape), expected, Arrays.toString(offsets)));
      }
      return entry;
    }

    private static long sized(String file, TensorInfo info) {
      try {
        return info.bytes();
      } catch (BadModel e) {
        throw new BadModel(file + ": " + e.getMessage(), e);
      }
    }

    private static Dtype readDtype(String where, JsonParser parser) {
      String text = parser.currentToken() == JsonToken.VALUE_STRING ? parser.getString() : "?";
      for (Dtype each : Dtype.values()) {
        if (each.name().equals(text)) return each;
      }
      throw new BadModel(
          where
              + " has dtype "
              + shortened(text)
              + "; supported: "
              + Arrays.toString(Dtype.values()));
    }

    private static long[] readNumbers(String where, JsonParser parser) {
      if (parser.currentToken() != JsonToken.START_ARRAY) {
        throw new BadModel(where + " is not a list");
      }
      List<Long> numbers = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
            || numbers.size() == MAX_DIMENSIONS) {
          throw new BadModel(where + " is not a short list of integers");
        }
        long number = parser.getLongValue();
        if (number < 0) throw new BadModel(where + " contains the negative number " + number);
        numbers.add(number);
      }
      return numbers.stream().mapToLong(Long::longValue).toArray();
    }

    private static void checkLayout(String file, Map<String, Entry> tensors, long dataBytes) {
      List<Entry> inOrder = new ArrayList<>(tensors.values());
      inOrder.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
      long at = 0;
      for (Entry each : inOrder) {
        if (each.begin() != at) {
          throw new BadModel(
              "%s: tensor %s begins at byte %d of the data instead of %d (%s)"
                  .formatted(
                      file,
                      shortened(each.info().name()),
                      each.begin(),
                      at,
                      each.begin() > at ? "hole" : "overlap"));
        }
        at = each.end();
      }
      if (at != dataBytes) {
        throw new BadModel(
            "%s is %s: its header describes %d bytes of data, but the file has %d"
                .formatted(file, at > dataBytes ? "truncated" : "too long", at, dataBytes));
      }
    }

    private static String shortened(String name) {
      return name.length() > 120 ? name.substring(0, 120) + "..." : name;
    }
  }
}
