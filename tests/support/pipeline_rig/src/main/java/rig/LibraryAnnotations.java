package rig;

import hudson.AbortException;
import java.util.ArrayList;
import java.util.List;
import org.codehaus.groovy.ast.AnnotatedNode;
import org.codehaus.groovy.ast.AnnotationNode;
import org.codehaus.groovy.ast.ClassNode;
import org.codehaus.groovy.ast.CodeVisitorSupport;
import org.codehaus.groovy.ast.ModuleNode;
import org.codehaus.groovy.ast.expr.ConstantExpression;
import org.codehaus.groovy.ast.expr.DeclarationExpression;
import org.codehaus.groovy.ast.expr.Expression;
import org.codehaus.groovy.ast.expr.ListExpression;
import org.codehaus.groovy.classgen.GeneratorContext;
import org.codehaus.groovy.control.CompilePhase;
import org.codehaus.groovy.control.SourceUnit;
import org.codehaus.groovy.control.customizers.CompilationCustomizer;
import org.codehaus.groovy.control.messages.SimpleMessage;

/** Loads the libraries that a Jenkinsfile names with {@code @Library} before its classes are looked up. */
final class LibraryAnnotations extends CompilationCustomizer {
    private final Loading loading;

    /** Takes the libraries by the names that a script gives them, with their versions. */
    interface Loading {
        void load(String specification) throws AbortException;
    }

    LibraryAnnotations(Loading loading) {
        super(CompilePhase.CONVERSION);
        this.loading = loading;
    }

    @Override
    public void call(SourceUnit source, GeneratorContext context, ClassNode type) {
        if (!type.getName().equals(Build.SCRIPT)) {
            return;
        }
        try {
            for (String library : named(source.getAST())) {
                loading.load(library);
            }
        } catch (AbortException unknown) {
            source.getErrorCollector().addErrorAndContinue(
                new SimpleMessage("Loading libraries failed", source));
        }
    }

    private static List<String> named(ModuleNode module) {
        List<String> names = new ArrayList<>();
        module.getImports().forEach(node -> collect(node, names));
        module.getStarImports().forEach(node -> collect(node, names));
        module.getStaticImports().values().forEach(node -> collect(node, names));
        module.getClasses().forEach(node -> collect(node, names));
        module.getStatementBlock().visit(new CodeVisitorSupport() {
            @Override
            public void visitDeclarationExpression(DeclarationExpression declaration) {
                collect(declaration, names);
            }
        });
        return names;
    }

    private static void collect(AnnotatedNode node, List<String> names) {
        for (AnnotationNode annotation : node.getAnnotations()) {
            if (annotation.getClassNode().getNameWithoutPackage().equals("Library")) {
                collectValues(annotation.getMember("value"), names);
            }
        }
    }

    private static void collectValues(Expression value, List<String> names) {
        if (value instanceof ListExpression list) {
            list.getExpressions().forEach(each -> collectValues(each, names));
        } else if (value instanceof ConstantExpression constant) {
            names.add(constant.getText());
        }
    }
}
