"""Trains a small network on scikit-learn's handwritten digits (1,797 real images, UCI) and keeps it in a file.

Usage: train_digits.py MODEL.pickle [SECONDS]
Prints one line of JSON: samples seen, parameters, accuracy on held-out images.
"""
import json
import pickle
import sys
import time

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def main() -> None:
    model_path = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    images, labels = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(images / 16.0, labels, test_size=0.25, random_state=0)
    model = MLPClassifier(hidden_layer_sizes=(256, 128), random_state=0)
    seen = 0
    began = time.monotonic()
    classes = list(range(10))
    while seen == 0 or time.monotonic() - began < seconds:
        model.partial_fit(train_x, train_y, classes=classes)
        seen += len(train_x)
    with open(model_path, "wb") as out:
        pickle.dump(model, out)
    parameters = sum(w.size for w in model.coefs_) + sum(b.size for b in model.intercepts_)
    print(json.dumps({
        "samples": seen,
        "parameters": parameters,
        "accuracy": round(float(model.score(test_x, test_y)), 4),
    }))


if __name__ == "__main__":
    main()
