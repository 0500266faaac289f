package rig;

import com.cloudbees.groovy.cps.CpsTransformer;
import com.cloudbees.groovy.cps.NonCPS;
import com.cloudbees.groovy.cps.TransformerConfiguration;
import groovy.lang.GroovyClassLoader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.codehaus.groovy.ast.ClassHelper;
import org.codehaus.groovy.control.CompilationUnit;
import org.codehaus.groovy.control.CompilerConfiguration;
import org.codehaus.groovy.control.Phases;
import org.codehaus.groovy.control.SourceUnit;
import org.codehaus.groovy.control.customizers.ImportCustomizer;
import org.codehaus.groovy.tools.GroovyClass;
import org.jenkinsci.plugins.workflow.libs.Library;

/** Compiles sources as Jenkins does; what comes out depends on nothing but the source. */
final class Compiler {
    private Compiler() {
    }

    /** Returns the classes of the source, and of what it uses; libraries that it names are loaded on the way. */
    static Compiled compile(Source source, LibraryAnnotations.Loading loading) {
        CompilerConfiguration configuration = new CompilerConfiguration();
        GroovyClassLoader loader = new GroovyClassLoader(Compiler.class.getClassLoader(), configuration);
        source.directories().forEach(loader::addClasspath);
        List<String> named = new ArrayList<>();
        configure(configuration, new LibraryAnnotations(library -> {
            loading.load(library);
            loader.addClasspath(source.libraries().get(Libraries.name(library)));
            named.add(library);
        }));
        CompilationUnit unit = new CompilationUnit(configuration, null, loader);
        SourceUnit script = unit.addSource(source.name(), source.text());
        unit.compile(Phases.CLASS_GENERATION);
        return new Compiled(script.getAST().getMainClassName(), classes(unit), named);
    }

    private static void configure(CompilerConfiguration configuration, LibraryAnnotations annotations) {
        configuration.setScriptBaseClass(CpsScript.class.getName());
        configuration.setSourceEncoding("UTF-8");
        ImportCustomizer imports = new ImportCustomizer();
        imports.addImports(NonCPS.class.getName(), Library.class.getName());
        imports.addStarImports("hudson", "hudson.model", "jenkins", "jenkins.model");
        CpsTransformer transformer = new CpsTransformer();
        transformer.setConfiguration(new TransformerConfiguration()
            .withClosureType(ClassHelper.makeCached(RigClosure.class)));
        configuration.addCompilationCustomizers(
            annotations, imports, new ForbiddenCalls(), new DeclarativeValidator(), transformer);
    }

    private static Map<String, byte[]> classes(CompilationUnit unit) {
        Map<String, byte[]> classes = new LinkedHashMap<>();
        for (Object each : unit.getClasses()) {
            GroovyClass made = (GroovyClass) each;
            classes.put(made.getName(), made.getBytes());
        }
        return classes;
    }
}
