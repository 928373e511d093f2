package dev.graft.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImportSourceTests {
  @ParameterizedTest
  @CsvSource({
    "hf://datasets/acme/faq/data/train.csv.gz, train.csv.gz",
    "hf://datasets/acme/faq@v1.0/data/train-*.parquet, train.jsonl",
    "hf://datasets/acme/faq@~parquet/default/train/*.parquet, faq.jsonl",
    "hf://datasets/acme/faq@refs/pr/3/*-of-*.jsonl, of.jsonl",
    "s3://bucket/a folder/Fragen & Antworten.jsonl, Fragen & Antworten.jsonl",
    "s3://bucket/rows/*.csv, bucket.jsonl",
  })
  void aFileIsCalledAsItsSourceSays(String text, String name) {
    ImportSource source = ImportSource.parse(text);
    assertThat(source.names().filename(source.whose())).isEqualTo(name);
  }

  @Test
  void revisionsAreThoseOfTheHub() {
    assertThat(revision("hf://datasets/acme/faq/a.jsonl")).isEqualTo("main");
    assertThat(revision("hf://datasets/acme/faq@v1.0/a.jsonl")).isEqualTo("v1.0");
    assertThat(revision("hf://datasets/acme/faq@~parquet/a.parquet"))
        .isEqualTo("refs/convert/parquet");
    assertThat(revision("hf://datasets/acme/faq@refs/pr/3/a.jsonl")).isEqualTo("refs/pr/3");
  }

  private static String revision(String text) {
    return ((ImportSource.OfHub) ImportSource.parse(text)).repository().revision();
  }

  @Test
  void aStarStandsForNoSlashAndAllElseForItself() {
    ImportSource.NamePattern names = new ImportSource.NamePattern("data/a.b-*+.jsonl");
    assertThat(names.matches("data/a.b-1+.jsonl")).isTrue();
    assertThat(names.matches("data/a.b-+.jsonl")).isTrue();
    assertThat(names.matches("data/aXb-1+.jsonl")).isFalse();
    assertThat(names.matches("data/a.b-1/2+.jsonl")).isFalse();
    assertThat(names.beginning()).isEqualTo("data/a.b-");
  }
}
