#!/bin/sh
echo 'Hello, production.'
