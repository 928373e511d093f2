package dev.graft.weights;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/**
 * The JSON header of a safetensors file, with every rule of the reference implementation: known
 * types, size = shape x type, data without hole or overlap that ends with the file.
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
    try (JsonParser parser = JsonFile.FACTORY.createParser(ObjectReadContext.empty(), json)) {
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
      throw new BadModel(file + ": the header is not valid JSON: " + JsonFile.where(e), e);
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
        throw new BadModel(file + ": __metadata__ holds something that is not a string");
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
      throw new BadModel(where + " lacks dtype, shape or two data_offsets");
    }
    Entry entry = new Entry(new TensorInfo(name, dtype, shape), offsets[0], offsets[1]);
    long expected = sized(file, entry.info());
    if (entry.end() < entry.begin() || entry.end() - entry.begin() != expected) {
      throw new BadModel(
          "%s of type %s and shape %s needs %d bytes, data_offsets %s say otherwise"
              .formatted(where, dtype, Arrays.toString(shape), expected, Arrays.toString(offsets)));
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
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || numbers.size() == MAX_DIMENSIONS) {
        throw new BadModel(where + " is not a short list of integers");
      }
      long number = parser.getLongValue();
      if (number < 0) throw new BadModel(where + " holds the negative number " + number);
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
            "%s: tensor %s begins at byte %d of the data, expected %d (%s)"
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
          "%s is %s: its header describes %d bytes of data, the file holds %d"
              .formatted(file, at > dataBytes ? "truncated" : "too long", at, dataBytes));
    }
  }

  private static String shortened(String name) {
    return name.length() > 120 ? name.substring(0, 120) + "..." : name;
  }
}
