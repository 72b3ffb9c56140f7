// Declarations for projects that are compiled with `exactOptionalPropertyTypes`, which ours are not: what may be left out may be undefined as
// well, as the sources mean it, so that `new Celery('shop', { broker: process.env.BROKER_URL })` compiles.
// Not here: emitting them (build.mjs). TypeScript 7 has no API to read them with; the oldest one that package.json names has.
import ts from 'typescript-least';

/** @param text of a .d.ts file */
export function loose(text) {
  const inserted = [];
  const visit = (node) => {
    const isOptional = node.questionToken !== undefined && node.questionToken.kind !== ts.SyntaxKind.MinusToken;
    const isProperty = ts.isPropertySignature(node) || ts.isPropertyDeclaration(node) || ts.isMappedTypeNode(node);
    if (isProperty && isOptional && node.type && !/\bundefined$/.test(node.type.getText(file))) {
      const isWhole =
        ts.isUnionTypeNode(node.type) || ts.isTypeReferenceNode(node.type) || !ts.isFunctionLike(node.type);
      const needs = !isWhole || ts.isConditionalTypeNode(node.type);
      if (needs) inserted.push([node.type.getStart(file), '(']);
      inserted.push([node.type.end, needs ? ') | undefined' : ' | undefined']);
    }
    ts.forEachChild(node, visit);
  };
  const file = ts.createSourceFile('some.d.ts', text, ts.ScriptTarget.Latest, false);
  visit(file);
  let out = text;
  for (const [at, words] of inserted.sort((a, b) => b[0] - a[0])) out = out.slice(0, at) + words + out.slice(at);
  return out;
}
