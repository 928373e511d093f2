package dev.graft;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** What leaves a package, and that packages use each other in one direction only. */
@Concurrent
@TestInstance(Lifecycle.PER_CLASS) // the imported classes are released with the instance
class PackagesTests {
  /**
   * Public although no other module uses them: the program's entry point, and types that another
   * package of their own module uses, or a test of another package. Remove what is no longer
   * needed; add nothing that can be avoided.
   */
  private static final Set<String> EXCEPTIONS =
      Set.of(
          "cli.GraftCommand",
          "cli.doctor.DatabaseAddress",
          "cli.doctor.DoctorReport",
          "cli.doctor.Examination",
          "cli.doctor.Installation",
          "client.Connection",
          "client.SampleData",
          "datasets.parquet.ParquetLines",
          "datasets.parquet.UnreadableParquet",
          "model.DeviceMemory",
          "model.Family",
          "model.LinearFactors",
          "model.ModelTensors",
          "model.TokenLayout",
          "platform.AdjustedClock",
          "weights.AtomicFile",
          "weights.BitsAndBytesFormat",
          "weights.JsonFields",
          "weights.LlamaCppModel",
          "weights.ModelType");

  private final JavaClasses code =
      new ClassFileImporter()
          .withImportOption(new ArchitectureTests.MainCode())
          .withImportOption(location -> !location.contains("/GraftApplication"))
          .importPackages("dev.graft");

  @Test
  void packagesHaveNoCircles() {
    slices().matching("dev.graft.(**)").should().beFreeOfCycles().check(code);
  }

  @Test
  void aTypeIsPublicOnlyIfAnotherModuleUsesIt() {
    Map<JavaClass, Set<String>> users =
        code.stream()
            .flatMap(each -> each.getDirectDependenciesFromSelf().stream())
            .filter(arrow -> arrow.getTargetClass().getPackageName().startsWith("dev.graft."))
            .collect(
                groupingBy(
                    arrow -> topLevel(arrow.getTargetClass()),
                    mapping(arrow -> module(arrow.getOriginClass()), toSet())));
    Set<String> needless =
        code.stream()
            .filter(JavaClass::isTopLevelClass)
            .filter(each -> each.getModifiers().contains(JavaModifier.PUBLIC))
            .filter(
                each -> users.getOrDefault(each, Set.of()).stream().allMatch(module(each)::equals))
            .map(JavaClass::getName)
            .map(name -> name.substring("dev.graft.".length()))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(needless).isEqualTo(new TreeSet<>(EXCEPTIONS));
  }

  private static JavaClass topLevel(JavaClass each) {
    JavaClass type = each.getBaseComponentType();
    return type.getEnclosingClass().map(PackagesTests::topLevel).orElse(type);
  }

  private static String module(JavaClass each) {
    return each.getPackageName().split("\\.")[2];
  }
}
