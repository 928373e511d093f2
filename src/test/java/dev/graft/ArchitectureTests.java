package dev.graft;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameEndingWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.CacheMode;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.graft.platform.ChildProcess;
import jakarta.persistence.Entity;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;
import java.util.stream.Stream;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.Immutable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.repository.Repository;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** House rules that Modulith does not see; each is a sentence. */
@AnalyzeClasses(
    packages = "dev.graft",
    importOptions = ArchitectureTests.MainCode.class,
    cacheMode = CacheMode.PER_CLASS)
@Concurrent
class ArchitectureTests {
  static final class MainCode implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("/test-classes/");
    }
  }

  @ArchTest
  static final ArchRule trainingKnowsNoFramework =
      noClasses()
          .that()
          .resideInAnyPackage(
              "..training..", "..model..", "..kernels..", "..text..", "..weights..", "..spec..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.springframework.web..",
              "org.springframework.context..",
              "org.springframework.beans..",
              "org.springframework.boot..",
              "jakarta..",
              "java.sql..")
          .because("the trainer runs as a plain program");

  @ArchTest
  static final ArchRule djlStaysInTheTrainerAndItsText =
      noClasses()
          .that(not(resideInAnyPackage("..training..", "..model..", "..kernels..", "..text..")))
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.djl..");

  @ArchTest
  static final ArchRule springTypesArePackagePrivate =
      classes()
          .that()
          .areAnnotatedWith(RestController.class)
          .or()
          .areAnnotatedWith(Configuration.class)
          .or()
          .areAnnotatedWith(RestControllerAdvice.class)
          .should()
          .notBePublic();

  @ArchTest
  static final ArchRule entitiesAndRepositoriesStayInTheirModule =
      classes()
          .that()
          .areAnnotatedWith(Entity.class)
          .or()
          .areAssignableTo(Repository.class)
          .should()
          .notBePublic();

  @ArchTest
  static final ArchRule entitiesWriteOnlyWhatChanged =
      classes()
          .that()
          .areAnnotatedWith(Entity.class)
          .should()
          .beAnnotatedWith(DynamicUpdate.class)
          .orShould()
          .beAnnotatedWith(Immutable.class)
          .because("statements move other columns of the same row");

  @ArchTest
  static final ArchRule controllersAndWorkersSpeakNoSql =
      noClasses()
          .that()
          .areAnnotatedWith(RestController.class)
          .or()
          .resideInAnyPackage("..worker..", "..client..", "..console..")
          .should()
          .dependOnClassesThat()
          .areAssignableTo(JdbcClient.class)
          .orShould()
          .dependOnClassesThat()
          .resideInAPackage("java.sql..")
          .because("statements are read, explained and tested in one class of their module");

  @ArchTest
  static final ArchRule nobodyAsksTheWallClock =
      noClasses()
          .should()
          .callMethod(Instant.class, "now")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(LocalDateTime.class, "now")
          .because("time comes from an injected java.time.Clock, durations from System.nanoTime()");

  @ArchTest
  static final ArchRule transactionsChangeNoConnection =
      methods()
          .should(leaveTheIsolationOfConnections())
          .because("a pooler in transaction mode gives the connection to others");

  private static ArchCondition<JavaMethod> leaveTheIsolationOfConnections() {
    return new ArchCondition<>("leave the isolation of connections") {
      @Override
      public void check(JavaMethod method, ConditionEvents events) {
        method
            .tryGetAnnotationOfType(Transactional.class)
            .filter(each -> each.isolation() != Isolation.DEFAULT)
            .ifPresent(
                each -> events.add(SimpleConditionEvent.violated(method, method.getFullName())));
      }
    };
  }

  @ArchTest
  static final ArchRule nobodyDeserializesJavaObjects =
      noClasses()
          .should()
          .dependOnClassesThat()
          .haveNameMatching("java\\.io\\.ObjectInputStream|java\\.beans\\.XMLDecoder");

  /** The other one starts the driver's own program. */
  @ArchTest
  static final ArchRule childrenGetNoSecrets =
      noClasses()
          .that()
          .resideOutsideOfPackage("..kernels..")
          .and()
          .doNotHaveFullyQualifiedName(ChildProcess.class.getName())
          .should()
          .callConstructor(ProcessBuilder.class, List.class)
          .orShould()
          .callConstructor(ProcessBuilder.class, String[].class)
          .because("ChildProcess takes passwords and keys out of the environment");

  @ArchTest
  static final ArchRule nobodyInjectsFields =
      noFields()
          .should()
          .beAnnotatedWith(Autowired.class)
          .orShould()
          .beAnnotatedWith(Value.class)
          .because("constructors say what a class needs");

  @ArchTest
  static final ArchRule noCatchAllNames =
      noClasses()
          .should()
          .haveSimpleNameEndingWith("Impl")
          .orShould()
          .haveSimpleNameEndingWith("Util")
          .orShould()
          .haveSimpleNameEndingWith("Utils")
          .orShould()
          .haveSimpleNameEndingWith("Helper")
          .orShould()
          .haveSimpleNameEndingWith("Manager")
          .orShould()
          .haveSimpleNameEndingWith("DTO")
          .orShould()
          .haveSimpleNameStartingWith("Common");

  @ArchTest
  static final ArchRule failuresAreNamedByWhatHappened =
      noClasses()
          .that()
          .areAssignableTo(Throwable.class)
          .should()
          .haveSimpleNameEndingWith("Exception");

  @ArchTest
  static final ArchRule settingsAreRecords =
      classes()
          .that()
          .areAnnotatedWith(ConfigurationProperties.class)
          .should()
          .beRecords()
          .allowEmptyShould(true);

  @ArchTest
  static final ArchRule fieldsAreNotPublic =
      fields().that().areNotStatic().should().notBePublic().allowEmptyShould(true);

  @ArchTest
  static final ArchRule onlyCommandsTalkToStandardOutput =
      noClasses()
          .that(
              not(resideInAnyPackage("..cli..", "..client..").or(simpleNameEndingWith("Command"))))
          .should()
          .accessField(System.class, "err")
          .orShould()
          .accessField(System.class, "out")
          .because("logs are SLF4J key-value lines");

  /**
   * A proxy of a public interface is in a package of its own, and may not touch a hidden type.
   * Nothing in the trainer is proxied.
   */
  @ArchTest
  static final ArchRule publicInterfacesNameNoHiddenTypes =
      methods()
          .that()
          .areDeclaredInClassesThat()
          .areInterfaces()
          .and()
          .areDeclaredInClassesThat()
          .arePublic()
          .and()
          .arePublic()
          .and()
          .areDeclaredInClassesThat()
          .resideOutsideOfPackages("..kernels..", "..model..", "..training..")
          .should(nameOnlyPublicTypes());

  /** A member of an interface is always public, also where its outer type is not. */
  private static boolean isHidden(JavaClass type) {
    return !type.getModifiers().contains(JavaModifier.PUBLIC)
        || type.getEnclosingClass().filter(ArchitectureTests::isHidden).isPresent();
  }

  private static ArchCondition<JavaMethod> nameOnlyPublicTypes() {
    return new ArchCondition<>("name only public types") {
      @Override
      public void check(JavaMethod method, ConditionEvents events) {
        if (isHidden(method.getOwner())) return;
        Stream.concat(method.getRawParameterTypes().stream(), Stream.of(method.getRawReturnType()))
            .map(JavaClass::getBaseComponentType)
            .filter(type -> type.getPackageName().startsWith("dev.graft"))
            .filter(type -> !type.getModifiers().contains(JavaModifier.PUBLIC))
            .forEach(
                type ->
                    events.add(
                        SimpleConditionEvent.violated(
                            method, method.getFullName() + " names " + type.getName())));
      }
    };
  }
}
